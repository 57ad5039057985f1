package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Store is the database as a host sees it: the functions granted to lessee_host.
type Store struct {
	pool    *pgxpool.Pool
	pooling Pooling
}

// NewStore returns a store on pool, which the caller closes.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool, poolingOf(pool)} }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return translate(s.pool.Ping(ctx)) }

// Release gives back jobs that never started; it burns no attempt.
func (s *Store) Release(ctx context.Context, lease int64, jobs []job.Job) error {
	type held struct {
		JobID int64 `json:"job_id"`
		Fence int   `json:"fence"`
	}
	list := make([]held, len(jobs))
	for i, j := range jobs {
		list[i] = held{j.ID, j.Fence}
	}
	_, err := s.pool.Exec(ctx, "select lessee.fn_job_release($1, $2)", lease, jsonOf(list))
	return translate(err)
}

// jsonOf encodes what always encodes: values of our own types.
func jsonOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic("postgres: encode " + err.Error()) // a bug: a type of ours that has no JSON
	}
	return string(data)
}

// queryRow runs a statement that returns one row of scalars.
func (s *Store) queryRow(ctx context.Context, sql string, args []any, into ...any) error {
	return translate(s.pool.QueryRow(ctx, sql, args...).Scan(into...))
}

func collect[T any](rows pgx.Rows, err error, scan func(pgx.CollectableRow) (T, error)) ([]T, error) {
	if err != nil {
		return nil, translate(err)
	}
	out, err := pgx.CollectRows(rows, scan)
	return out, translate(err)
}
