package host_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// version is the tests' guest with a custom section that tells it from others.
func (i *installation) version(name string) string {
	i.t.Helper()
	section := append([]byte{byte(len(name))}, name...)
	section = append([]byte{0, byte(len(section))}, section...)
	return i.module("guest", append(bytes.Clone(wasmtest.Build(i.t, "./testdata/guest")), section...))
}

func (i *installation) point(class, digest string) {
	i.t.Helper()
	i.exec("update lessee.executor_class_registry set module_sha256 = $2 where class = $1", class, digest)
}

func (i *installation) awaitTrue(what, sql string, args ...any) {
	i.t.Helper()
	await(i.t, func() bool { return scan[bool](i, sql, args...) }, func() string { return what })
}

const switched = "select serving_sha256 is null from lessee.executor_class_registry where class = 'guest'"

// load enqueues jobs until stop, as fast as the database takes them, and
// returns how many.
func (i *installation) load() (stop func() int) {
	ctx, cancel := context.WithCancel(i.t.Context())
	var n int
	var loop sync.WaitGroup
	loop.Go(func() {
		for ctx.Err() == nil {
			if _, err := i.pool.Exec(i.t.Context(), "select lessee.fn_job_enqueue('guest', '{}') from generate_series(1, 20)"); err != nil {
				i.t.Error(err)
				return
			}
			n += 20
			i.awaitTrue("the backlog shrinks", "select count(*) < 500 from lessee.job_queue")
		}
	})
	return func() int {
		cancel()
		loop.Wait()
		return n
	}
}

func TestHosts_RepointAClassUnderLoadWithoutLosingAJob(t *testing.T) {
	t.Parallel()
	i := install(t)
	first := i.version("one")
	second := i.version("two")
	i.class("guest", first, nil)
	for n := range 3 {
		i.host(func(c *host.Config) { c.Name, c.Slots = fmt.Sprintf("host-%d", n), 4 })
	}
	i.awaitTrue("all hosts run the first module", `select count(*) = 3 from lessee.queue_heartbeat where classes -> 'guest' ->> 'ready' = 'true'`)
	stop := i.load()
	desk := postgres.NewDesk(i.pool)
	i.point("guest", second)
	i.awaitTrue("every host is ready for the second module", switched)
	for range 4 { // back and forth, by the command that an operator has
		began := time.Now()
		if _, err := desk.RollBackClass(t.Context(), "guest", "test"); err != nil {
			t.Fatal(err)
		}
		i.awaitTrue("every host is back at the other module", switched)
		t.Logf("went back within %s under load", time.Since(began))
	}
	enqueued := stop()
	i.awaitTrue("all jobs have ended", "select count(*) = 0 from lessee.job_queue")
	if done := scan[int](i, "select count(*) from lessee.job_final where state = 'succeeded'"); done != enqueued {
		t.Errorf("%d of %d jobs succeeded", done, enqueued)
	}
	for _, digest := range []string{first, second} {
		if n := scan[int](i, "select count(*) from lessee.job_attempt where module_sha256 = $1", digest); n == 0 {
			t.Errorf("no attempt names module %s", digest)
		}
	}
	if n := scan[int](i, "select count(*) from lessee.job_attempt where word <> 'succeed' or module_sha256 is null"); n != 0 {
		t.Errorf("%d attempts went back or name no module: a host took jobs for a module that it was not ready for", n)
	}
}

func TestHost_ServesOnTheOldModuleWhileTheNewOneCanNotBeRun(t *testing.T) {
	t.Parallel()
	i := install(t)
	good := i.guest(nil)
	bad := i.module("guest", []byte("\x00asm\x01\x00\x00\x00\x07\x01")) // ends in the middle of a section
	i.host(nil)
	i.awaitState(i.enqueue("guest", "{}"), job.Succeeded)
	i.awaitTrue("a module is refused before any class is pointed at it", "select status = 'refused' and status_reason <> '' from lessee.executor_module_registry where sha256 = $1", bad)
	i.point("guest", bad)
	i.awaitTrue("the row says why", "select status = 'broken' and status_reason like '%jobs run on the module before%' from lessee.executor_class_registry where class = 'guest'")
	id := i.enqueue("guest", "{}")
	i.awaitState(id, job.Succeeded)
	if digest := scan[string](i, "select module_sha256 from lessee.job_attempt where job_id = $1", id); digest != good {
		t.Errorf("it ran on %s", digest)
	}
	i.point("guest", good)
	i.awaitTrue("it is called off", "select status = 'active' and serving_sha256 is null from lessee.executor_class_registry where class = 'guest'")
}

func TestHost_TriesACandidateOnAShareOfTheJobs(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	candidate := i.module("greet", wasmtest.Build(t, "../examples/greet"))
	i.exec("update lessee.executor_class_registry set candidate_sha256 = $1, canary_percent = 30 where class = 'guest'", candidate)
	i.host(nil)
	i.awaitTrue("the candidate is ready", "select coalesce(bool_or((classes #> '{guest,candidate,ready}')::boolean), false) from lessee.queue_heartbeat")
	var ids []int64
	for range 100 {
		ids = append(ids, i.enqueue("guest", `{"name": 7}`)) // the guest does not care, the candidate does
	}
	for _, id := range ids {
		i.awaitState(id, job.Succeeded, job.DeadLettered, job.RetryWait)
	}
	rates, err := postgres.NewDesk(i.pool).ClassRates(t.Context(), "guest")
	if err != nil {
		t.Fatal(err)
	}
	if len(rates) != 2 || rates[0].Failed != 0 || rates[1].SHA256 != candidate || rates[1].Failed != rates[1].Attempts || rates[1].Attempts < 15 || rates[1].Attempts > 45 {
		t.Errorf("%+v", rates)
	}
}

func TestHost_ReusesAnInstanceOnlyForAClassThatAsksForIt(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.guest(map[string]any{"concurrency_per_host": 1})
	i.class("reuse", digest, map[string]any{"concurrency_per_host": 1, "isolation": "reuse"})
	i.host(nil)
	for n := range 3 {
		for class, want := range map[string]string{"guest": "1", "reuse": fmt.Sprint(n + 1)} {
			r := i.awaitState(i.enqueue(class, `{"tally": true}`), job.Succeeded)
			if *r.Output != want {
				t.Errorf("attempt %d of class %s saw an instance that had seen %s, want %s", n+1, class, *r.Output, want)
			}
		}
	}
}

func TestHost_DoesNotRunAClassWithALimitAboveItsBound(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(map[string]any{"limits": object{"wall_ms": 60_000}})
	i.host(func(c *host.Config) { c.LimitsMax = map[string]int64{"wall_ms": 59_999} })
	i.awaitTrue("the row says why", "select status = 'broken' and status_reason like 'limits.wall_ms is 60000, this host has 59999%' from lessee.executor_class_registry")
	i.exec(`update lessee.executor_class_registry set limits = '{"wall_ms": 59999}'`)
	i.awaitState(i.enqueue("guest", "{}"), job.Succeeded)
}
