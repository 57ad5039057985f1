package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Burn is the result of draining a backlog.
type Burn struct {
	Config      Config  `json:"config"`
	EnqueuedPS  float64 `json:"enqueued_per_s"`
	DrainedPS   float64 `json:"drained_per_s"`
	Seconds     float64 `json:"seconds"`
	WALPerJob   int64   `json:"wal_bytes_per_job"` // of the drain
	Completions []int64 `json:"completions"`       // done so far, every Tick
}

// Tick is the distance of two points of a timeline.
const Tick = 100 * time.Millisecond

// RunBurn enqueues cfg.Jobs, then starts the hosts and waits until they are done.
func RunBurn(ctx context.Context, cfg Config, log *zap.Logger) (_ Burn, err error) {
	if err := cfg.Validate(); err != nil {
		return Burn{}, err
	}
	s, err := openSite(ctx, cfg)
	if err != nil {
		return Burn{}, err
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	began := time.Now()
	if err := s.fill(ctx); err != nil {
		return Burn{}, fmt.Errorf("enqueue: %w", err)
	}
	b := Burn{Config: cfg, EnqueuedPS: float64(cfg.Jobs) / time.Since(began).Seconds()}
	if err := s.analyze(ctx); err != nil {
		return b, err
	}
	if err := s.drain(ctx, &b, log); err != nil {
		return b, err
	}
	return b, s.verify(ctx, cfg.Jobs)
}

func (s *site) drain(ctx context.Context, b *Burn, log *zap.Logger) error {
	var done atomic.Int64
	finished := make(chan struct{})
	room, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	wal, err := s.walPosition(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	stop, err := s.open(ctx, room, func(int64, time.Time) {
		if done.Add(1) == int64(s.cfg.Jobs) {
			close(finished)
		}
	}, log)
	if err != nil {
		return err
	}
	defer stop()
	b.Completions, err = timeline(ctx, &done, finished)
	b.Seconds = time.Since(began).Seconds()
	b.DrainedPS = float64(done.Load()) / b.Seconds
	after, walErr := s.walPosition(ctx)
	b.WALPerJob = (after - wal) / int64(s.cfg.Jobs)
	if err == nil {
		err = walErr
	}
	return err
}

// stalled is how long nothing may happen before a measurement gives up.
const stalled = time.Minute

func timeline(ctx context.Context, done *atomic.Int64, finished <-chan struct{}) (points []int64, err error) {
	ticker := time.NewTicker(Tick)
	defer ticker.Stop()
	last, moved := int64(0), time.Now()
	for {
		select {
		case <-finished:
			return append(points, done.Load()), nil
		case <-ctx.Done():
			return points, ctx.Err()
		case now := <-ticker.C:
			n := done.Load()
			if points = append(points, n); n > last {
				last, moved = n, now
			} else if now.Sub(moved) > stalled {
				return points, fmt.Errorf("no job ended for %s, after %d", stalled, n)
			}
		}
	}
}

func (s *site) walPosition(ctx context.Context) (n int64, err error) {
	err = s.pool.QueryRow(ctx, "select (pg_current_wal_insert_lsn() - '0/0')::bigint").Scan(&n)
	return n, err
}
