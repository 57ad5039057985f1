package postgres

import (
	"context"
	"time"
)

// Progress is where a job stands, for a table that is printed as jobs end.
type Progress struct {
	ID          int64
	Class       string
	State       string
	Attempt     int
	QueuedMS    *int64 `db:"queued_ms"` // from enqueue to the last grant
	RanUS       *int64 `db:"ran_us"`    // of the last attempt, in its executor
	MemoryBytes *int64 // peak of the last attempt
	Error       *string
}

// Progress reads the named jobs, by id.
func (d *Desk) Progress(ctx context.Context, ids []int64) ([]Progress, error) {
	return list[Progress](ctx, d, `
		select j.id, j.class, j.state, j.attempt,
		       (extract(epoch from a.leased_at - j.enqueued_at) * 1000)::bigint as queued_ms,
		       coalesce((a.usage ->> 'wall_us')::bigint, r.ran_us) as ran_us,
		       nullif((a.usage ->> 'memory_bytes')::bigint, 0) as memory_bytes,
		       coalesce(a.error ->> 'message', j.reason) as error
		from lessee.job j
		left join lateral (select * from lessee.job_attempt t where t.job_id = j.id order by t.fence desc limit 1) a on true
		left join lateral (select (extract(epoch from c.ended_at - c.started_at) * 1000000)::bigint as ran_us
		                   from lessee.dot_iu_command_run c where c.job_id = j.id order by c.run_id desc limit 1) r on true
		where j.id = any ($1) order by j.id`, ids)
}

// Now is the database's clock.
func (d *Desk) Now(ctx context.Context) (now time.Time, err error) {
	err = d.queryRow(ctx, "select clock_timestamp()", nil, &now)
	return now, err
}

// Pending reports whether any job is left to do now: held by a host, or ready
// or due in a class that a host may take it from. Jobs due later don't count,
// nor those of a class that hosts found broken since the given time (or before
// it, and still do a while later), nor anything ready while the phase is not running.
func (d *Desk) Pending(ctx context.Context, since time.Time) (pending bool, err error) {
	err = d.queryRow(ctx, `
		select exists (
		    select from lessee.class_count n join lessee.executor_class_registry c using (class)
		    where n.jobs > 0 and (n.state = 'leased'
		        or lessee.fn_setting('queue.runtime.phase') = '"running"'
		        and c.enabled and not (c.status = 'broken' and (c.status_at > $1 or clock_timestamp() > $1 + interval '15 seconds'))
		        and (n.state = 'ready' or n.state in ('scheduled', 'retry_wait') and exists (
		            select from lessee.job_queue q where q.due_later and q.run_at <= statement_timestamp() and q.class = n.class and q.state = n.state))))`,
		[]any{since}, &pending)
	return pending, err
}

// Fresh reports whether the database has never had a job.
func (d *Desk) Fresh(ctx context.Context) (fresh bool, err error) {
	err = d.queryRow(ctx, `
		select not (exists (select from lessee.job_count_now) or exists (select from lessee.job_history) or exists (select from lessee.job_dead_letter))`, nil, &fresh)
	return fresh, err
}
