package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// fillReady brings the backlog to so many ready jobs: as many as the template is
// by the law, then those with a key, because a key has one job, and the rest as copies.
func (s *site) fillReady(ctx context.Context, template, jobs int, progress io.Writer) error {
	have, err := s.countState(ctx, "ready")
	if err != nil {
		return err
	}
	if err := s.enqueueAll(ctx, template-have, ""); err != nil {
		return err
	}
	if jobs > template {
		if err := s.enqueueAll(ctx, min(s.cfg.Keys, jobs-template), ", 'key', 'key ' || n"); err != nil {
			return err
		}
		if err := s.multiply(ctx, "ready", jobs, progress); err != nil {
			return err
		}
	}
	return s.settle(ctx, "ready", jobs)
}

// fillScheduled adds jobs that are due in a day.
func (s *site) fillScheduled(ctx context.Context, template, jobs int, progress io.Writer) error {
	if jobs == 0 {
		return nil
	}
	if err := s.enqueueAll(ctx, min(jobs, template), ", 'run_at', now() + interval '1 day'"); err != nil {
		return err
	}
	if err := s.multiply(ctx, "scheduled", jobs, progress); err != nil {
		return err
	}
	return s.settle(ctx, "scheduled", jobs)
}

// settle verifies the number of jobs and lets the server clean and count.
func (s *site) settle(ctx context.Context, state string, jobs int) error {
	have, err := s.countState(ctx, state)
	if err != nil {
		return err
	}
	if have != jobs {
		return fmt.Errorf("%d jobs are %s, not %d", have, state, jobs)
	}
	return s.vacuum(ctx)
}

func (s *site) countState(ctx context.Context, state string) (n int, err error) {
	err = s.pool.QueryRow(ctx, "select count(*) from lessee.job_queue where state = $1 and class = any ($2)", state, s.classes).Scan(&n)
	return n, err
}

// enqueueAll enqueues jobs by the law; more is further fields of each, in SQL.
func (s *site) enqueueAll(ctx context.Context, jobs int, more string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.cfg.Writers)
	for first := 0; first < jobs; first += enqueueBatch {
		group.Go(func() error {
			_, err := s.pool.Exec(ctx, `select count(*) from lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object(
				'class', ($1::text[])[1 + n % cardinality($1)], 'payload', jsonb_build_object('n', n)`+more+`)) from generate_series($2::int, $3::int) n))`,
				s.classes, first, min(first+enqueueBatch, jobs)-1)
			return err
		})
	}
	return group.Wait()
}

// multiply copies jobs of a state that the law enqueued, without a key, rows of
// job_queue and job_payload alike, until there are so many. The law is only
// passed by because it would take an hour.
func (s *site) multiply(ctx context.Context, state string, jobs int, progress io.Writer) error {
	have, err := s.countState(ctx, state)
	if err != nil {
		return err
	}
	var lowest, highest int64
	err = s.pool.QueryRow(ctx, `select coalesce(min(id), 0), coalesce(max(id), 0)
		from lessee.job_queue where state = $1 and class = any ($2) and idempotency_key is null`, state, s.classes).Scan(&lowest, &highest)
	if err != nil {
		return err
	}
	before := have
	for began := time.Now(); have < jobs; {
		copied, err := s.copyOnce(ctx, state, lowest, highest, jobs-have)
		if err != nil {
			return fmt.Errorf("copy jobs: %w", err)
		}
		if have += copied; copied == 0 {
			return fmt.Errorf("no %s job is there to be copied", state)
		}
		fmt.Fprintf(progress, "\r%d of %d %s, %.0f/s ", have, jobs, state, float64(have-before)/time.Since(began).Seconds())
	}
	fmt.Fprintln(progress)
	return nil
}

// copyOnce copies the jobs between two ids, at most so many, in one transaction.
func (s *site) copyOnce(ctx context.Context, state string, lowest, highest int64, most int) (copied int, err error) {
	queue, err := s.columns(ctx, "job_queue", map[string]string{"id": "q.id + $1::bigint", "run_at": "greatest(q.run_at, $2::timestamptz)", "enqueued_at": "$2::timestamptz"})
	if err != nil {
		return 0, err
	}
	payload, err := s.columns(ctx, "job_payload", map[string]string{"job_id": "q.id + $1::bigint", "enqueued_at": "$2::timestamptz"})
	if err != nil {
		return 0, err
	}
	chosen := fmt.Sprintf(`(select * from lessee.job_queue q where q.id between $3 and $4 and $2::timestamptz is not null and q.state = '%s' and q.class = any ($5) and q.idempotency_key is null order by q.id limit $6)`, state)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var now time.Time
		var offset int64 // from an id to that of its copy
		if err := tx.QueryRow(ctx, "select clock_timestamp(), nextval('lessee.job_queue_id_seq') - $1", lowest).Scan(&now, &offset); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "select setval('lessee.job_queue_id_seq', $1)", highest+offset); err != nil {
			return err
		}
		args := []any{offset, now, lowest, highest, s.classes, most}
		if _, err := tx.Exec(ctx, "insert into lessee.job_payload ("+payload.names+") select "+payload.values+" from "+chosen+" q join lessee.job_payload p on p.job_id = q.id", args...); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "insert into lessee.job_queue ("+queue.names+") overriding system value select "+queue.values+" from "+chosen+" q", args...)
		copied = int(tag.RowsAffected())
		return err
	})
	return copied, err
}

// columns are a table's, for an INSERT … SELECT: their names and what is written to them.
type columns struct{ names, values string }

// columns lists all columns of a table, of which some are written otherwise.
func (s *site) columns(ctx context.Context, table string, otherwise map[string]string) (c columns, err error) {
	alias := map[string]string{"job_queue": "q", "job_payload": "p"}[table]
	err = s.pool.QueryRow(ctx, `select string_agg(quote_ident(attname), ', ' order by attnum), string_agg(coalesce($2::jsonb ->> attname::text, $3 || '.' || quote_ident(attname)), ', ' order by attnum)
		from pg_attribute where attrelid = ('lessee.' || $1)::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, table, otherwise, alias).Scan(&c.names, &c.values)
	return c, err
}

// verifyBacklog fails unless the backlog is as long as it was, with a payload each, and so many ended.
func (s *site) verifyBacklog(ctx context.Context, jobs, ended int) error {
	var ready, payloads, succeeded, held int
	err := s.pool.QueryRow(ctx, `select
		(select count(*) from lessee.job_queue where class = any ($1) and state = 'ready'),
		(select count(*) from lessee.job_queue q join lessee.job_payload p on p.job_id = q.id where q.class = any ($1) and q.state = 'ready'),
		(select count(*) from lessee.job_final where class = any ($1) and state = 'succeeded'),
		(select count(*) from lessee.job_queue where class = any ($1) and state not in ('ready', 'scheduled'))`, s.classes).Scan(&ready, &payloads, &succeeded, &held)
	if err != nil {
		return fmt.Errorf("verify the backlog: %w", err)
	}
	if ready != jobs || payloads != jobs || succeeded != ended || held != 0 {
		return fmt.Errorf("of %d jobs %d are ready, %d with a payload, %d of %d ended, %d are held: the measurement does not count", jobs, ready, payloads, succeeded, ended, held)
	}
	return nil
}
