package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The hand-written loop writes the columns that Lessee writes, into Lessee's
// own tables with their indexes, and does nothing else: no lease is checked, no
// class, no schema, no key. It is the limit of such tables.
const (
	handClaim = `with c as materialized (
			select id from lessee.job_queue where class = 'hand' and state = 'ready' order by priority, run_at, id limit $1 for update skip locked
		), u as (
			update lessee.job_queue q set state = 'leased', lease_id = 1, attempt = q.attempt + 1, fence = q.fence + 1, leased_at = clock_timestamp(), overdue_at = clock_timestamp() + interval '70 s'
			where q.id = any (array(select id from c)) returning q.id, q.class, q.fence, q.attempt, q.max_attempts, q.leased_at, q.enqueued_at, q.idempotency_key
		)
		select u.*, p.payload, p.trace_id, p.parent_span_id, p.sampled, p.tracestate from u join lessee.job_payload p on p.job_id = u.id`
	handEnd = `with o as materialized (select * from unnest($1::bigint[], $2::text[]) as o(id, span)), g as (
			delete from lessee.job_queue q using o where q.id = o.id and q.lease_id = 1 returning q.*, o.span
		), a as (
			insert into lessee.job_attempt (job_id, fence, attempt, class, word, lease_id, module_sha256, leased_at, ended_at, usage, trace_id, parent_span_id, span_id, sampled, tracestate, correlation_id)
			select g.id, g.fence, g.attempt, g.class, 'succeed', g.lease_id, null, g.leased_at, now(), '{"wall_us": 0}', p.trace_id, p.parent_span_id, g.span, p.sampled, p.tracestate, p.correlation_id
			from g join lessee.job_payload p on p.job_id = g.id
		)
		insert into lessee.job_final (job_id, class, state, finished_at, enqueued_at, attempt, max_attempts, crash_count, priority, fence)
		select g.id, g.class, 'succeeded', now(), g.enqueued_at, g.attempt, g.max_attempts, g.crash_count, g.priority, g.fence from g`
	handFill = `insert into lessee.executor_class_registry (class, runtime, owner, reason) values ('hand', 'human', 'bench', 'bench');
		select count(*) from generate_series(1, %d) n, lessee.fn_job_enqueue('hand', jsonb_build_object('n', n)) e;
		analyze lessee.job_queue, lessee.job_payload`
)

// handSettings are the batches and goroutines of the sweep; the best counts.
var handSettings = []struct{ batch, goroutines int }{{1000, 2}, {1000, 3}}

func handwritten(ctx context.Context, b *bench, dsn string) (float64, error) {
	migrate := exec.CommandContext(ctx, filepath.Join(b.dir, "lessee"), "--dsn", dsn, "migrate", "up")
	if out, err := migrate.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	best := 0.0
	for _, s := range handSettings {
		speed, err := handRun(ctx, b, dsn, s.batch, s.goroutines)
		if err != nil {
			return 0, err
		}
		best = max(best, speed)
	}
	return best, nil
}

func handRun(ctx context.Context, b *bench, dsn string, batch, goroutines int) (float64, error) {
	if err := b.exec(ctx, dsn, "truncate lessee.job_queue, lessee.job_payload, lessee.job_attempt, lessee.job_final", "delete from lessee.executor_class_registry"); err != nil {
		return 0, err
	}
	if err := b.execSimple(ctx, dsn, fmt.Sprintf(handFill, b.jobs)); err != nil {
		return 0, err
	}
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	began := time.Now()
	for range goroutines {
		all.Go(func() {
			for {
				n, err := handBatch(ctx, pool, batch)
				if err != nil {
					failed.Store(&err)
				}
				if n == 0 || err != nil {
					return
				}
				done.Add(int64(n))
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	ended, err := count(ctx, dsn, "select count(*) from lessee.job_final f join lessee.job_attempt a using (job_id)")
	if err == nil && ended != b.jobs {
		err = fmt.Errorf("%d of %d jobs are done", ended, b.jobs)
	}
	return float64(done.Load()) / took.Seconds(), err
}

func handBatch(ctx context.Context, pool *pgxpool.Pool, batch int) (int, error) {
	rows, err := pool.Query(ctx, handClaim, batch)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (int64, error) {
		values, err := row.Values()
		if err != nil {
			return 0, err
		}
		return values[0].(int64), nil
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	spans := make([]string, len(ids))
	for i, id := range ids {
		spans[i] = fmt.Sprintf("%016x", id)
	}
	_, err = pool.Exec(ctx, handEnd, ids, spans)
	return len(ids), err
}

// execSimple runs several statements at once.
func (b *bench) execSimple(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}
