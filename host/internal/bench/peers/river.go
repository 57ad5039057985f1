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

type noop struct {
	N int `json:"n"`
}

func (noop) Kind() string { return "noop" }

type noopWorker struct {
	river.WorkerDefaults[noop]
	done *atomic.Int64
}

func (w *noopWorker) Work(context.Context, *river.Job[noop]) error {
	w.done.Add(1)
	return nil
}

// riverAt runs River at the best settings that a sweep found, or with 100
// workers and its defaults, which would take too long for as many jobs.
func riverAt(best bool) func(context.Context, *bench, string) (float64, error) {
	return func(ctx context.Context, b *bench, dsn string) (float64, error) {
		jobs := b.jobs
		if !best {
			jobs = min(jobs, 5000)
		}
		config, err := pgxpool.ParseConfig(dsn)
		if err != nil {
			return 0, err
		}
		config.MaxConns = 10
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			return 0, err
		}
		defer pool.Close()
		done := &atomic.Int64{}
		client, err := riverClient(ctx, pool, best, done)
		if err != nil {
			return 0, err
		}
		if err := riverFill(ctx, client, jobs); err != nil {
			return 0, err
		}
		if err := b.exec(ctx, dsn, "vacuum full river_job", "analyze river_job"); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := client.Start(ctx); err != nil {
			return 0, err
		}
		err = riverAwait(ctx, pool, done, jobs)
		took := time.Since(began)
		if stopErr := client.Stop(ctx); err == nil {
			err = stopErr
		}
		return float64(jobs) / took.Seconds(), err
	}
}

func riverClient(ctx context.Context, pool *pgxpool.Pool, best bool, done *atomic.Int64) (*river.Client[pgx.Tx], error) {
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &noopWorker{done: done})
	config := &river.Config{Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 100}}, Logger: slog.New(slog.DiscardHandler)}
	if best {
		config.Queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: 2000}
		config.FetchCooldown, config.FetchPollInterval = 2*time.Millisecond, 20*time.Millisecond
	}
	return river.NewClient(driver, config)
}

func riverFill(ctx context.Context, client *river.Client[pgx.Tx], jobs int) error {
	for n := 0; n < jobs; n += 1000 {
		var batch []river.InsertManyParams
		for i := n; i < min(n+1000, jobs); i++ {
			batch = append(batch, river.InsertManyParams{Args: noop{i}})
		}
		if _, err := client.InsertManyFast(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// riverAwait waits until every job is completed in the table. It asks only
// when the workers have done them, so that counting costs the run nothing.
func riverAwait(ctx context.Context, pool *pgxpool.Pool, done *atomic.Int64, jobs int) error {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if done.Load() < int64(jobs) {
			continue
		}
		var left, completed int
		if err := pool.QueryRow(ctx, "select count(*) filter (where state <> 'completed'), count(*) from river_job").Scan(&left, &completed); err != nil {
			return err
		}
		if left == 0 && completed == jobs {
			return nil
		}
	}
	return fmt.Errorf("after five minutes %d of %d jobs are done", done.Load(), jobs)
}
