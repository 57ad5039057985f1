package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The hand-written loop writes the columns that Lessee writes, into Lessee's
// own tables with their indexes, and does nothing else: no lease is checked, no
// class, no schema, no key. It claims from where it was, and ends a batch in the
// same transaction in which it claims the next. It is the limit of such tables,
// and changes with them.
const (
	handClaim = `with c as materialized (
			select ctid as row from lessee.job_queue where class = $1 and in_line and state = 'ready' and (priority, run_at, id) > ($3, $4, $5)
			order by priority, run_at, id limit $2 for update skip locked
		), u as (
			update lessee.job_queue q set state = 'leased', lease_id = 1, attempt = q.attempt + 1, fence = q.fence + 1, leased_at = clock_timestamp(), overdue_at = clock_timestamp() + interval '70 s'
			where q.ctid = any (array(select row from c)) returning q.id, q.priority, q.run_at, q.class, q.fence, q.attempt, q.max_attempts, q.leased_at, q.enqueued_at, q.idempotency_key
		)
		select u.id, u.priority, u.run_at, u.fence, p.payload, p.trace_id, p.parent_span_id, p.sampled, p.tracestate, u.class, u.attempt, u.max_attempts, u.leased_at, u.enqueued_at, u.idempotency_key
		from u cross join lateral (select * from lessee.job_payload p where p.job_id = u.id and p.enqueued_at = u.enqueued_at offset 0) p order by u.priority, u.run_at, u.id`
	handEnd = `with g as (
			delete from lessee.job_queue q using unnest($1::bigint[], $2::text[]) as o(id, span)
			where q.id = any ($1) and o.id = q.id and q.lease_id = 1 returning q.*, o.span
		)
		insert into lessee.job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority, lease_id, leased_at,
			module_sha256, span_id, idempotency_key, wall_us)
		select g.id, g.fence, now(), g.enqueued_at, g.class, 'succeed', 'succeeded', g.attempt, g.max_attempts, g.crash_count, g.priority, g.lease_id, g.leased_at,
			repeat('0', 64), g.span, g.idempotency_key, 0 from g`
	handDone = "select count(*) from lessee.job_history where class = '%s' and state = 'succeeded'"
)

// handSettings are the batches and goroutines of its sweep; the best counts.
var handSettings = []handSetting{{500, 2}, {1000, 2}, {1000, 3}}

type handSetting struct{ batch, goroutines int }

func (s handSetting) String() string { return fmt.Sprintf("%d × %d", s.goroutines, s.batch) }

func handwritten(ctx context.Context, l *lab, dsn string) (float64, error) {
	if err := l.migrate(ctx, dsn); err != nil {
		return 0, err
	}
	best := 0.0
	for n, s := range handSettings {
		speed, err := handRun(ctx, l, dsn, fmt.Sprintf("hand%d", n), s)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s, err)
		}
		best = max(best, speed)
	}
	return best, nil
}

func handRun(ctx context.Context, l *lab, dsn, class string, s handSetting) (float64, error) {
	err := l.exec(ctx, dsn, fmt.Sprintf("insert into lessee.executor_class_registry (class, runtime, owner, reason) values ('%s', 'human', 'bench', 'bench')", class),
		fmt.Sprintf("select count(*) from lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object('class', '%s', 'payload', jsonb_build_object('n', n, 'text', ''))) from generate_series(1, %d) n))", class, l.jobs),
		"vacuum (analyze) lessee.job_queue, lessee.job_payload")
	if err != nil {
		return 0, err
	}
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	began := time.Now()
	for range s.goroutines {
		all.Go(func() {
			if err := handLoop(ctx, pool, class, s.batch); err != nil {
				failed.Store(&err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	ended, err := count(ctx, dsn, fmt.Sprintf(handDone, class))
	if err == nil && ended != l.jobs {
		err = fmt.Errorf("%d of %d jobs are done", ended, l.jobs)
	}
	return float64(l.jobs) / took.Seconds(), err
}

// handLoop ends what it holds and claims more, until nothing is left.
func handLoop(ctx context.Context, pool *pgxpool.Pool, class string, batch int) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	ids, spans := []int64{}, []string{}
	priority, runAt, id := int16(-1), pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, int64(0)
	for {
		both := &pgx.Batch{} // one round trip and one transaction
		if len(ids) > 0 {
			both.Queue(handEnd, ids, spans)
		}
		ids, spans = []int64{}, []string{}
		both.Queue(handClaim, class, batch, priority, runAt, id).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var fence int
				var payload, trace, parent []byte
				var sampled bool
				if err := rows.Scan(&id, &priority, &runAt, &fence, &payload, &trace, &parent, &sampled, nil, nil, nil, nil, nil, nil, nil); err != nil {
					return err
				}
				ids, spans = append(ids, id), append(spans, fmt.Sprintf("%016x", id))
			}
			return rows.Err()
		})
		if err := conn.SendBatch(ctx, both).Close(); err != nil {
			return err
		}
		if len(ids) == 0 {
			return nil
		}
	}
}
