package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// Pinned is the result of full speed with a backlog, while one transaction holds
// a snapshot, so that nothing that dies can be cleaned.
type Pinned struct {
	Config      Config  `json:"config"`
	BeforePS    float64 `json:"before_per_s"`    // of the fifth before the pin
	FirstPS     float64 `json:"pin_first_per_s"` // of the first fifth under it
	LastPS      float64 `json:"pin_last_per_s"`  // of the last fifth under it
	Kept        float64 `json:"kept"`            // LastPS of BeforePS
	Dead        int64   `json:"dead_entries"`    // of the queue, at the end of the pin
	Completions []int64 `json:"completions"`     // done so far, every Tick
}

// backlog is how many jobs are kept waiting.
const backlog = 20_000

// RunPinned runs at full speed for cfg.For, and holds a snapshot for the last
// four fifths of it, the first of which analyzes the tables while they churn.
func RunPinned(ctx context.Context, cfg Config, log *zap.Logger) (_ Pinned, err error) {
	if err := cfg.Validate(); err != nil {
		return Pinned{}, err
	}
	s, err := openSite(ctx, cfg)
	if err != nil {
		return Pinned{}, err
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	var enqueued, done atomic.Int64
	stop, err := s.start(ctx, func(int64, time.Time) { done.Add(1) }, log)
	if err != nil {
		return Pinned{}, err
	}
	defer stop()
	flooding, dry := context.WithTimeout(ctx, cfg.For)
	defer dry()
	writers, flooding := errgroup.WithContext(flooding)
	for range cfg.Writers {
		writers.Go(func() error { return s.flood(flooding, &enqueued, &done) })
	}
	p := Pinned{Config: cfg}
	if p.Completions, p.Dead, err = s.pin(flooding, &done); err != nil {
		return p, err
	}
	if err := writers.Wait(); err != nil {
		return p, fmt.Errorf("enqueue: %w", err)
	}
	p.reckon()
	for last, moved := int64(-1), time.Now(); done.Load() < enqueued.Load(); time.Sleep(Tick) {
		if n := done.Load(); n > last {
			last, moved = n, time.Now()
		} else if time.Since(moved) > stalled {
			return p, fmt.Errorf("of %d jobs %d ended, and none since %s", enqueued.Load(), n, stalled)
		}
	}
	return p, s.verify(ctx, int(enqueued.Load()))
}

// flood keeps a backlog until ctx ends.
func (s *site) flood(ctx context.Context, enqueued, done *atomic.Int64) error {
	for ctx.Err() == nil {
		if enqueued.Load()-done.Load() > backlog {
			time.Sleep(time.Millisecond)
			continue
		}
		if err := s.enqueueBatch(context.WithoutCancel(ctx), 0, enqueueBatch); err != nil {
			return err
		}
		enqueued.Add(enqueueBatch)
	}
	return nil
}

// pin counts what is done until ctx ends, and holds a snapshot after a fifth of it.
func (s *site) pin(ctx context.Context, done *atomic.Int64) (points []int64, dead int64, err error) {
	calm := context.WithoutCancel(ctx)
	tick := time.NewTicker(Tick)
	defer tick.Stop()
	var holder pgx.Tx
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if holder == nil {
				return points, 0, fmt.Errorf("the time is too short to hold a snapshot in")
			}
			if err := s.pool.QueryRow(calm, "select pg_stat_get_dead_tuples('lessee.job_queue'::regclass)").Scan(&dead); err != nil {
				return points, 0, err
			}
			return points, dead, holder.Rollback(calm)
		}
		points = append(points, done.Load())
		switch len(points) * int(Tick) {
		case int(s.cfg.For) / 5 / int(Tick) * int(Tick):
			if holder, err = s.pool.BeginTx(calm, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
				return points, 0, err
			}
			if _, err := holder.Exec(calm, "select count(*) from lessee.registry_version"); err != nil {
				return points, 0, err
			}
		case int(s.cfg.For) / 2 / int(Tick) * int(Tick):
			if err := s.analyze(calm); err != nil {
				return points, 0, err
			}
		}
	}
}

func (p *Pinned) reckon() {
	fifth := len(p.Completions) / 5
	speed := func(from, to int) float64 {
		return float64(p.Completions[to]-p.Completions[from]) / (time.Duration(to-from) * Tick).Seconds()
	}
	last := len(p.Completions) - 1
	p.BeforePS, p.FirstPS, p.LastPS = speed(fifth/4, fifth), speed(fifth, 2*fifth), speed(last-fifth, last)
	p.Kept = p.LastPS / p.BeforePS
}

// Plot draws jobs a second over the time of the run.
func (p Pinned) Plot() []byte {
	return plot(fmt.Sprintf("%.0f/s before the pin, %.0f/s at its end", p.BeforePS, p.LastPS), "jobs/s", p.Config.For.String(), perSecond(p.Completions))
}
