package host_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestHosts_ShareTheWorkAndFinishWhatAKilledOneHeld(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(map[string]any{"concurrency_per_host": 3})
	victim, survivor := i.spawn("victim"), i.spawn("survivor")
	var ids []int64
	for range 6 {
		ids = append(ids, i.enqueue("guest", `{"sleep_ms": 4000, "output": "done"}`))
	}
	var theirs []int64
	await(t, func() bool {
		theirs = nil
		others := 0
		for _, id := range ids {
			switch i.holder(id) {
			case "victim":
				theirs = append(theirs, id)
			case "survivor":
				others++
			}
		}
		return len(theirs) == 3 && others == 3
	}, func() string { return fmt.Sprintf("the victim holds %v: the hosts don't share", theirs) })

	if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	for _, id := range theirs {
		await(t, func() bool { h := i.holder(id); return h == "survivor" || i.row(id).State == job.Succeeded }, func() string { return fmt.Sprintf("job %d: %+v", id, i.row(id)) })
	}
	if took := time.Since(killed); took > 15*time.Second {
		t.Errorf("the survivor took %s to take over", took)
	}
	for _, id := range ids {
		got := i.awaitState(id, job.Succeeded)
		crashes := 0
		if slices.Contains(theirs, id) {
			crashes = 1
		}
		if got.Attempt != 1 || got.Crashes != crashes {
			t.Errorf("job %d: attempt %d, crash_count %d, not 1 and %d", id, got.Attempt, got.Crashes, crashes)
		}
		if n := scan[int](i, "select count(*) from lessee.job_attempt where job_id = $1 and word = 'succeed'", id); n != 1 {
			t.Errorf("job %d has %d accepted results", id, n)
		}
	}
	if survivor.ProcessState != nil {
		t.Error("the survivor died")
	}
}

func TestHost_StoppedPastItsLeaseAndContinuedCommitsNothing(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.exec("update lessee.runtime_setting set value = '2000' where name = 'lease.ttl_ms'")
	i.guest(nil)
	zombie := i.spawn("zombie")
	id := i.enqueue("guest", `{"sleep_ms": 1500, "output": "too late"}`)
	i.awaitState(id, job.Leased, job.Running)
	lease := scan[int64](i, "select lease_id from lessee.job_queue where id = $1", id)
	if err := zombie.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		return scan[bool](i, "select expires_at < clock_timestamp() from lessee.dot_iu_runtime_lease where lease_id = $1", lease)
	}, func() string { return "the lease does not expire" })
	// Nobody else sweeps: the refusal has to come from the lease itself.
	i.exec(`update lessee.runtime_setting set value = '"draining"' where name = 'queue.runtime.phase'`)
	if err := zombie.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return zombie.said("no result of it was committed") }, func() string { return "the zombie does not say that it lost its lease" })
	i.awaitState(id, job.Ready)
	if n := scan[int](i, "select count(*) from lessee.job_attempt where job_id = $1 and lease_id = $2 and word <> 'rescue'", id, lease); n != 0 {
		t.Errorf("the zombie committed %d outcomes", n)
	}
	i.exec(`update lessee.runtime_setting set value = '"running"' where name = 'queue.runtime.phase'`)
	if got := i.awaitState(id, job.Succeeded); got.Attempt != 1 || got.Crashes != 1 {
		t.Errorf("job: %+v", got)
	}
}

func TestHosts_OutliveARestartOfPostgresUnderLoad(t *testing.T) {
	t.Parallel()
	cluster := devpgtest.Dedicated(t)
	if err := cluster.EnsureDatabase(t.Context(), "load"); err != nil {
		t.Fatal(err)
	}
	dsn := cluster.SuperuserDSN("load")
	if err := postgrestest.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	pool, err := postgres.Connect(t.Context(), dsn, t.Name(), 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	i := installOn(t, pool, dsn)
	i.command("note", "insert into note values (p_args ->> 'n'); return 'null'")
	i.guest(map[string]any{"grants": object{"commands": []string{"note"}}, "concurrency_per_host": 16})
	i.spawn("one")
	i.spawn("two")

	jobs := 0
	for _, mode := range []devpg.Mode{devpg.Immediate, devpg.Crash} {
		before := i.finished()
		i.exec(`select lessee.fn_job_enqueue_bulk(jsonb_agg(jsonb_build_object('class', 'guest', 'payload',
			jsonb_build_object('sleep_ms', 50, 'commands', jsonb_build_array(jsonb_build_object('name', 'note', 'args', jsonb_build_object('n', n)))))))
			from generate_series($1::int, $1::int + 249) n`, jobs)
		jobs += 250
		await(t, func() bool { return i.finished() > before+20 }, func() string { return "no progress" })
		if err := cluster.Restart(t.Context(), mode); err != nil {
			t.Fatal(err)
		}
	}
	await(t, func() bool { return i.finished() == jobs }, func() string { return fmt.Sprintf("%d of %d finished", i.finished(), jobs) })
	if n := scan[int](i, "select count(*) from lessee.job where state <> 'succeeded'"); n != 0 {
		t.Errorf("%d jobs did not succeed", n)
	}
	if n := scan[int](i, "select count(*) from test_command.note"); n != jobs {
		t.Errorf("%d effects of %d jobs", n, jobs)
	}
	if n := scan[int](i, "select count(distinct text) from test_command.note"); n != jobs {
		t.Errorf("effects of %d jobs of %d", n, jobs)
	}
}

// finished counts final jobs; -1 while the server is away.
func (i *installation) finished() (n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := i.pool.QueryRow(ctx, "select count(*) from lessee.job_final").Scan(&n); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			i.t.Log("the server does not answer for 5s")
		}
		return -1
	}
	return n
}
