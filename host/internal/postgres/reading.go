package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Readings reads what the counters say of every class, by name.
func (s *Store) Readings(ctx context.Context) ([]job.Reading, error) { return readings(ctx, s.pool) }

// Readings reads what the counters say of every class, by name.
func (d *Desk) Readings(ctx context.Context) ([]job.Reading, error) { return readings(ctx, d.pool) }

func readings(ctx context.Context, pool *pgxpool.Pool) ([]job.Reading, error) {
	rows, err := pool.Query(ctx, `select class, enabled, states, words, oldest, enqueued_1m, done_1m, failed_1m, failure_1m,
		enqueued_10m, done_10m, failed_10m, failure_10m from lessee.fn_class_reading()`)
	return collect(rows, err, func(row pgx.CollectableRow) (r job.Reading, err error) {
		err = row.Scan(&r.Class, &r.Enabled, &r.States, &r.Words, &r.Oldest, &r.Minute.Enqueued, &r.Minute.Done, &r.Minute.Failed, &r.Minute.Failure,
			&r.Ten.Enqueued, &r.Ten.Done, &r.Ten.Failed, &r.Ten.Failure)
		return r, err
	})
}
