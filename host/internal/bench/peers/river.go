package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// riverSettings are what of River's settings its speed depends on. Zero: its default.
type riverSettings struct {
	workers  int
	cooldown time.Duration
	conns    int32
}

// riverBest is what -sweep found best; see sweep.go.
var riverBest = riverSettings{5000, time.Millisecond, 20}

// riverDefaults has no cooldown of its own; a number of workers must be given.
var riverDefaults = riverSettings{workers: 100, conns: 10}

func (s riverSettings) String() string {
	text, _ := s.MarshalText()
	return string(text)
}

// MarshalText writes what UnmarshalText reads.
func (s riverSettings) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d workers/%s cooldown/%d connections", s.workers, s.cooldown, s.conns), nil
}

// UnmarshalText reads workers/cooldown/connections.
func (s *riverSettings) UnmarshalText(text []byte) (err error) {
	var cooldown string
	if _, err := fmt.Sscanf(string(text), "%d workers/%s cooldown/%d connections", &s.workers, &cooldown, &s.conns); err != nil {
		return fmt.Errorf("write it as %s: %w", riverBest, err)
	}
	s.cooldown, err = time.ParseDuration(cooldown)
	return err
}

type noop struct {
	N int `json:"n"`
}

func (noop) Kind() string { return "noop" }

type noopWorker struct {
	river.WorkerDefaults[noop]
	done *atomic.Int64
	work time.Duration
}

func (w *noopWorker) Work(context.Context, *river.Job[noop]) error {
	if w.work > 0 {
		time.Sleep(w.work)
	}
	w.done.Add(1)
	return nil
}

// riverQueue is River in a database.
type riverQueue struct {
	*river.Client[pgx.Tx]
	pool *pgxpool.Pool
	done atomic.Int64
}

func openRiver(ctx context.Context, dsn string, s riverSettings, work time.Duration) (*riverQueue, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = s.conns
	q := &riverQueue{}
	if q.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	if err := q.open(ctx, s, work); err != nil {
		q.pool.Close()
		return nil, err
	}
	return q, nil
}

func (q *riverQueue) open(ctx context.Context, s riverSettings, work time.Duration) error {
	driver := riverpgxv5.New(q.pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &noopWorker{done: &q.done, work: work})
	config := &river.Config{Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: s.workers}}, Logger: slog.New(slog.DiscardHandler)}
	if s.cooldown > 0 {
		config.FetchCooldown, config.FetchPollInterval = s.cooldown, max(s.cooldown, 20*time.Millisecond)
	}
	q.Client, err = river.NewClient(driver, config)
	return err
}

// riverBurn drains a backlog.
func riverBurn(ctx context.Context, l *lab, dsn string, s riverSettings, jobs int) (float64, error) {
	q, err := openRiver(ctx, dsn, s, 0)
	if err != nil {
		return 0, err
	}
	defer q.pool.Close()
	if err := q.fill(ctx, jobs); err != nil {
		return 0, err
	}
	if err := l.exec(ctx, dsn, "vacuum (analyze) river_job"); err != nil {
		return 0, err
	}
	return q.drain(ctx, jobs)
}

func (q *riverQueue) fill(ctx context.Context, jobs int) error {
	for n := 0; n < jobs; n += 1000 {
		var batch []river.InsertManyParams
		for i := n; i < min(n+1000, jobs); i++ {
			batch = append(batch, river.InsertManyParams{Args: noop{i}})
		}
		if _, err := q.InsertManyFast(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func (q *riverQueue) drain(ctx context.Context, jobs int) (float64, error) {
	began := time.Now()
	if err := q.Start(ctx); err != nil {
		return 0, err
	}
	err := q.await(ctx, jobs)
	took := time.Since(began)
	if stopErr := q.Stop(ctx); err == nil {
		err = stopErr
	}
	return float64(jobs) / took.Seconds(), err
}

// await waits until every job is completed in the table. It asks only when the
// workers have done them, so that counting costs the run nothing.
func (q *riverQueue) await(ctx context.Context, jobs int) error {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if q.done.Load() < int64(jobs) {
			continue
		}
		var left, completed int
		if err := q.pool.QueryRow(ctx, "select count(*) filter (where state <> 'completed'), count(*) from river_job").Scan(&left, &completed); err != nil {
			return err
		}
		if left == 0 && completed == jobs {
			return nil
		}
	}
	return fmt.Errorf("after five minutes %d of %d jobs are done", q.done.Load(), jobs)
}
