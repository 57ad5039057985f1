package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// Pinned is the result of full speed with a backlog, while one transaction holds
// a snapshot, so that nothing that dies can be cleaned.
type Pinned struct {
	report.Report
	Config      Config  `json:"config"`
	Completions []int64 `json:"completions"` // done so far in the last repetition, every Tick
}

// Bounds of what a held snapshot may cost.
const (
	pinnedKeeps = 0.8 // of the speed before the pin
	heldKeeps   = 0.9 // of the throughput without one, at a steady rate
	heldAddsP99 = 1.1 // times that without one
)

// backlog is how many jobs are kept waiting.
const backlog = 20_000

// pinning is one repetition: jobs a second in each of its phases.
type pinning struct {
	before, first, middle, last, released float64
	dead                                  int64 // entries of the queue, at the end of the pin
	points                                []int64
}

// RunPinned runs at full speed for a third of cfg.For, holds a snapshot for
// cfg.For, in the middle of which the tables are analyzed while they churn, and
// goes on for a third of it without, with another analysis.
func RunPinned(ctx context.Context, cfg Config, log *zap.Logger) (p Pinned, err error) {
	p = Pinned{Report: *report.New("Full speed under a held snapshot"), Config: cfg}
	p.Note("%s", report.Machine())
	var before, first, middle, last, released, dead []float64
	for range cfg.Repeat {
		once, conditions, err := runPinning(ctx, cfg, log)
		if err != nil {
			return p, err
		}
		before, first, middle = append(before, once.before), append(first, once.first), append(middle, once.middle)
		last, released, dead = append(last, once.last), append(released, once.released), append(dead, float64(once.dead))
		if p.Completions == nil {
			p.Note("%s", conditions)
		}
		p.Completions = once.points
	}
	third := (cfg.For / 3).Round(time.Second)
	p.Note("a backlog of %d, filled by %d writers; %s before the pin, %s of it with ANALYZE in its middle, %s after with ANALYZE; every job verified", backlog, cfg.Writers, third, cfg.For, third)
	p.Add("before the pin", "jobs/s", before...)
	p.Add("pin, first third", "jobs/s", first...)
	p.Add("pin, middle third", "jobs/s", middle...)
	p.Add("pin, last third, analyzed", "jobs/s", last...)
	p.Add("released, analyzed again", "jobs/s", released...)
	p.Add("dead entries at its end", "rows", dead...)
	p.AtLeast(pinnedKeeps, "pin, last third ÷ before", report.Ratios(last, before)...)
	p.AtLeast(pinnedKeeps, "released and analyzed ÷ before", report.Ratios(released, before)...)
	return p, nil
}

func runPinning(ctx context.Context, cfg Config, log *zap.Logger) (p pinning, conditions string, err error) {
	if err := cfg.Validate(); err != nil {
		return p, "", err
	}
	s, err := openSite(ctx, cfg)
	if err != nil {
		return p, "", err
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	if conditions, err = s.conditions(ctx); err == nil {
		err = s.vacuum(ctx)
	}
	if err != nil {
		return p, "", err
	}
	p, err = s.pinning(ctx, log)
	return p, conditions, err
}

func (s *site) pinning(ctx context.Context, log *zap.Logger) (p pinning, err error) {
	var enqueued, done atomic.Int64
	stop, err := s.start(ctx, func(int64, time.Time) { done.Add(1) }, log)
	if err != nil {
		return p, err
	}
	defer stop()
	flooding, dry := context.WithCancel(ctx)
	defer dry()
	writers, flooding := errgroup.WithContext(flooding)
	for range s.cfg.Writers {
		writers.Go(func() error { return s.flood(flooding, &enqueued, &done) })
	}
	err = s.phases(flooding, &p, &done)
	dry()
	if floodErr := writers.Wait(); floodErr != nil {
		return p, fmt.Errorf("enqueue: %w", floodErr)
	}
	if err != nil {
		return p, err
	}
	if err := drained(ctx, &enqueued, &done); err != nil {
		return p, err
	}
	return p, s.verify(ctx, int(enqueued.Load()))
}

// phases takes the speed before, under and after a held snapshot.
func (s *site) phases(ctx context.Context, p *pinning, done *atomic.Int64) error {
	third := s.cfg.For / 3
	p.watch(ctx, done, third/4) // the hosts get going
	p.before = p.watch(ctx, done, third-third/4)
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release(context.WithoutCancel(ctx)) //nolint:errcheck // a second time it does nothing
	p.first = p.watch(ctx, done, third)
	half := p.watch(ctx, done, third/2)
	if err := s.analyze(ctx); err != nil {
		return err
	}
	p.middle = (half + p.watch(ctx, done, third/2)) / 2
	p.last = p.watch(ctx, done, third)
	if p.dead, err = s.dead(ctx); err != nil {
		return err
	}
	if err := release(ctx); err != nil {
		return err
	}
	p.watch(ctx, done, third/2)
	if err := s.analyze(ctx); err != nil {
		return err
	}
	p.released = p.watch(ctx, done, third/2)
	return context.Cause(ctx)
}

// watch returns the jobs a second of the time d, or until ctx ends.
func (p *pinning) watch(ctx context.Context, done *atomic.Int64, d time.Duration) float64 {
	tick := time.NewTicker(Tick)
	defer tick.Stop()
	began, first := time.Now(), done.Load()
	for time.Since(began) < d && ctx.Err() == nil {
		select {
		case <-tick.C:
			p.points = append(p.points, done.Load())
		case <-ctx.Done():
		}
	}
	return float64(done.Load()-first) / time.Since(began).Seconds()
}

// flood keeps a backlog until ctx ends.
func (s *site) flood(ctx context.Context, enqueued, done *atomic.Int64) error {
	for ctx.Err() == nil {
		if enqueued.Load()-done.Load() > backlog {
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		if err := s.enqueueBatch(context.WithoutCancel(ctx), 0, enqueueBatch); err != nil {
			return err
		}
		enqueued.Add(enqueueBatch)
	}
	return nil
}

// drained waits until everything that was enqueued is done.
func drained(ctx context.Context, enqueued, done *atomic.Int64) error {
	tick := time.NewTicker(Tick)
	defer tick.Stop()
	for last, moved := int64(-1), time.Now(); done.Load() < enqueued.Load(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if n := done.Load(); n > last {
			last, moved = n, time.Now()
		} else if time.Since(moved) > stalled {
			return fmt.Errorf("of %d jobs %d ended, and none for %s", enqueued.Load(), n, stalled)
		}
	}
	return nil
}
