package host_test

import (
	"fmt"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/host/internal/job"
)

// behindLong enqueues jobs until some wait behind a long one for the only slot
// of their class, and returns the long one, which has ten seconds to go at least.
// Those before it are short, so that the host lets jobs wait; a backlog that a
// busy machine was too slow with is followed by another.
func (i *installation) behindLong() (long int64) {
	i.t.Helper()
	await(i.t, func() bool {
		if long == 0 || scan[bool](i, "select not exists (select from lessee.job_queue where id = $1)", long) {
			i.exec("select lessee.fn_job_enqueue('guest', '{}') from generate_series(1, 300)")
			long = i.enqueue("guest", `{"sleep_ms": 20000}`)
			i.exec("select lessee.fn_job_enqueue('guest', '{}') from generate_series(1, 300)")
		}
		return scan[bool](i, `select (select count(*) from lessee.job_live where id > $1 and state = 'leased') > 1
			and exists (select from lessee.job_live where id = $1 and (leased_at > clock_timestamp() - interval '10 seconds') is not false)`, long)
	}, func() string { return fmt.Sprintf("no job waits behind job %d", long) })
	return long
}

// awaitReturned waits until no job behind long is held, and checks that those
// that were are as if they had never been granted.
func (i *installation) awaitReturned(long int64) {
	i.t.Helper()
	held := -1
	await(i.t, func() bool {
		held = scan[int](i, "select count(*) from lessee.job_live where id > $1 and state in ('leased', 'running')", long)
		return held == 0
	}, func() string { return fmt.Sprintf("%d jobs are held", held) })
	if n := scan[int](i, "select count(*) from lessee.job_live where id > $1 and fence > 0", long); n < 2 {
		i.t.Errorf("%d jobs were given back", n)
	}
	if n := scan[int](i, "select count(*) from lessee.job_live where id > $1 and (state <> 'ready' or attempt <> 0 or crash_count <> 0)", long); n != 0 {
		i.t.Errorf("%d jobs are not as they were", n)
	}
}

func TestHost_LetsShortJobsWaitAndCancelsOrGivesThemBackBeforeTheyStart(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(map[string]any{"concurrency_per_host": 1})
	h, stop := i.hostOf(testConfig(i.dsn, t.Name(), i.cache), zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel)))

	i.behindLong()
	cancelled := scan[int64](i, "select max(id) from lessee.job_live where fence > 0")
	i.exec("select lessee.fn_job_cancel($1)", cancelled)
	i.awaitState(cancelled, job.Cancelled)
	i.exec("select lessee.fn_job_cancel(id) from lessee.job_queue")

	long := i.behindLong()
	i.exec("update lessee.executor_class_registry set enabled = false where class = 'guest'")
	i.awaitReturned(long)
	if got := i.row(long); got.State.Final() {
		t.Errorf("the long job: %+v", got)
	}

	i.exec("select lessee.fn_job_cancel(id) from lessee.job_queue")
	i.exec("update lessee.executor_class_registry set enabled = true where class = 'guest'")
	long = i.behindLong()
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	i.awaitReturned(long)
	h.Kill()
	<-stopped
	i.awaitReturned(long - 1) // the long one, too
}
