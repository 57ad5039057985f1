package host_test

import (
	"testing"
	"time"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
)

// napper registers class "nap": a command that sleeps in the database.
func (i *installation) napper(commandMS, concurrency int) {
	i.t.Helper()
	i.command("nap", "perform pg_sleep((p_args ->> 's')::float8); return 'null'")
	i.exec(`insert into lessee.executor_class_registry (class, runtime, command, enabled, owner, reason, limits, concurrency_per_host)
		values ('nap', 'command', 'nap', true, 'test', 'test', jsonb_build_object('command_ms', $1::int), $2)`, commandMS, concurrency)
}

func (i *installation) leaseTTL(d time.Duration) {
	i.t.Helper()
	i.exec("update lessee.runtime_setting set value = to_jsonb($1::bigint) where name = 'lease.ttl_ms'", d.Milliseconds())
}

// napping waits until n commands sleep in the database.
func (i *installation) napping(n int) {
	i.t.Helper()
	await(i.t, func() bool {
		return scan[int](i, "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep' and query !~ 'fn_lease_renew'") == n // which may wait for a claim
	}, func() string { return "no command runs" })
}

// timed is how long f takes; longer than limit fails the test.
func timed(t *testing.T, limit time.Duration, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > limit {
		t.Errorf("%s took %s, not %s at most", what, took, limit)
	} else {
		t.Logf("%s took %s", what, took)
	}
}

func TestHost_StopsInTimeWhileItsDatabaseHangs(t *testing.T) {
	t.Parallel()
	const grace, ttl = time.Second, 4 * time.Second
	for name, work := range map[string]func(*installation){
		"idle": func(*installation) {},
		"with an attempt": func(i *installation) {
			i.guest(nil)
			i.awaitState(i.enqueue("guest", `{"sleep_ms": 60000}`), job.Running)
		},
		"with a command": func(i *installation) {
			i.napper(300_000, 4)
			i.enqueue("nap", `{"s": 120}`)
			i.napping(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := install(t)
			i.leaseTTL(ttl)
			w, dsn := lay(t, i.dsn)
			h, stop := i.host(func(c *host.Config) { c.Grace, c.DSN = grace, dsn })
			await(t, func() bool { return h.Health().Ready }, func() string { return "not ready" })
			work(i)
			w.cut()
			timed(t, grace+ttl+2*time.Second, "stopping", stop)
		})
	}
}

func TestHost_GivesBackACommandThatOutlivesTheGrace(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.napper(300_000, 4)
	_, stop := i.host(func(c *host.Config) { c.Grace = time.Second })
	id := i.enqueue("nap", `{"s": 120}`)
	i.napping(1)
	timed(t, 5*time.Second, "stopping", stop)
	if got := i.row(id); got.State != job.Ready || got.Attempt != 0 || got.Crashes != 0 {
		t.Errorf("job: %+v", got)
	}
}

func TestHost_SaysThatItTakesNoMoreJobsWhileItStops(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.napper(60_000, 4)
	h, stop := i.host(nil)
	id := i.enqueue("nap", `{"s": 2}`)
	i.napping(1)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	await(t, func() bool { return !h.Health().Ready }, func() string { return "it says that it is ready" })
	if health := h.Health(); health.Lease == 0 || health.Running != 1 {
		t.Errorf("it was told only when it had stopped: %+v", health)
	}
	<-stopped
	if got := i.row(id); got.State != job.Succeeded {
		t.Errorf("job: %+v", got)
	}
}

func TestHost_KeepsItsLeaseWhileCommandsTakeTheirTime(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.leaseTTL(2 * time.Second)
	i.napper(60_000, 16)
	i.host(func(c *host.Config) { c.Conns = 4 })
	i.exec(`select lessee.fn_job_enqueue('nap', '{"s": 3}') from generate_series(1, 6)`)
	await(t, func() bool { return scan[int](i, "select count(*) from lessee.job_queue") == 0 }, func() string { return "jobs are left" })
	if n := scan[int](i, "select count(*) from lessee.job where state <> 'succeeded' or fence <> 1 or crash_count > 0"); n != 0 {
		t.Errorf("%d jobs needed more than one grant", n)
	}
	if n := scan[int](i, "select count(*) from lessee.dot_iu_runtime_lease"); n != 1 {
		t.Errorf("the host needed %d leases", n)
	}
}

func TestHost_KeepsItsLeaseWhenTheTTLIsLowered(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.leaseTTL(9 * time.Second)
	i.host(nil)
	renewed := func() int64 {
		return scan[int64](i, "select coalesce(extract(epoch from max(renewed_at)) * 1000, 0)::bigint from lessee.dot_iu_runtime_lease where renewed_at > granted_at")
	}
	await(t, func() bool { return renewed() > 0 }, func() string { return "no renewal" })
	i.leaseTTL(2 * time.Second)
	begin := renewed()
	await(t, func() bool {
		return renewed() > begin+10_000 || scan[int](i, "select count(*) from lessee.dot_iu_runtime_lease") > 1
	}, func() string { return "no renewal" })
	if n := scan[int](i, "select count(*) from lessee.dot_iu_runtime_lease"); n != 1 {
		t.Errorf("the host needed %d leases", n)
	}
}

// A result is not lost because the schema is not there for a moment: a migration
// may replace a function, a restore may not have come to it yet.
func TestHost_HoldsAResultUntilTheSchemaIsThereAgain(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	h, _ := i.host(nil)
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
	for _, c := range []struct{ breaks, mends string }{
		{"alter function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) rename to fn_job_gone", "alter function lessee.fn_job_gone(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) rename to fn_job_succeed"},
		{"revoke execute on function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) from lessee_host", "grant execute on function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) to lessee_host"},
	} {
		id := i.enqueue("guest", `{"sleep_ms": 1500, "output": "kept"}`)
		i.awaitState(id, job.Leased, job.Running)
		i.exec(c.breaks)
		await(t, func() bool { s := h.Health(); return s.Running == 0 && len(s.Why) > 0 }, func() string { return "it does not end" })
		i.exec(c.mends)
		if got := i.awaitState(id, job.Succeeded); got.Attempt != 1 || got.Fence != 1 {
			t.Errorf("job: %+v", got)
		}
	}
}

// What another class asks for must not make a host forget that there is more of this one.
func TestHost_GoesOnWithABacklogWhateverElseComes(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.exec("update lessee.runtime_setting set value = '60000' where name = 'queue.poll_ms'") // what a wake-up misses, nothing finds in time
	i.napper(10_000, 1)
	i.exec(`insert into lessee.executor_class_registry (class, runtime, command, enabled, owner, reason) values ('other', 'command', 'nap', true, 'test', 'test')`)
	h, _ := i.host(nil)
	await(t, func() bool { return h.Health().Ready }, func() string { return "not ready" })
	i.exec(`select lessee.fn_job_enqueue('nap', '{"s": 0.3}') from generate_series(1, 8)`)
	i.napping(1)
	i.awaitState(i.enqueue("other", `{"s": 0}`), job.Succeeded)
	done := func() bool { return scan[int](i, "select count(*) from lessee.job_queue") == 0 }
	timed(t, 8*time.Second, "a backlog of 2.4s", func() {
		await(t, done, func() string { return "jobs are left" })
	})
}

// Memory that is kept for a class which turns out to have no jobs is another's.
func TestHost_FindsTheJobWhoeverItOfferedItsMemoryFirst(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.exec("update lessee.runtime_setting set value = '60000' where name = 'queue.poll_ms'")
	digest := i.guest(nil)
	for _, class := range []string{"second", "third"} {
		i.class(class, digest, nil)
	}
	h, _ := i.host(func(c *host.Config) { c.Memory = 64 << 20 }) // one guest of the default limit
	await(t, func() bool { return h.Health().Classes["guest"].Ready }, func() string { return "not ready" })
	for range 3 {
		for _, class := range []string{"guest", "second", "third"} {
			timed(t, 5*time.Second, "a job of class "+class, func() { i.awaitState(i.enqueue(class, `{}`), job.Succeeded) })
		}
	}
}
