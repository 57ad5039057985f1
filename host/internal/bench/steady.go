package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// Steady is the result of a steady rate: how long jobs took from the commit of
// their enqueue, as the enqueuer saw it, to that of their result, as the host did.
type Steady struct {
	Config Config    `json:"config"`
	Jobs   int       `json:"jobs"`
	Rate   float64   `json:"rate"` // that was reached by the enqueuers
	DonePS float64   `json:"done_per_s"`
	P50    float64   `json:"p50_ms"`
	P95    float64   `json:"p95_ms"`
	P99    float64   `json:"p99_ms"`
	Most   float64   `json:"max_ms"`
	Curve  []float64 `json:"curve_ms"` // the 0th, 1st … 100th percentile
}

// moments collects when things happened to jobs, told in any order.
type moments struct {
	mu                  sync.Mutex
	enqueued, committed map[int64]time.Time
	warm                map[int64]bool // jobs of the first second, which do not count
	finished            chan struct{}
	jobs                int
}

func (m *moments) enqueue(id int64, at time.Time) { m.note(m.enqueued, id, at) }
func (m *moments) ignore(id int64)                { m.mu.Lock(); m.warm[id] = true; m.mu.Unlock() }
func (m *moments) commit(id int64, at time.Time)  { m.note(m.committed, id, at) }

func (m *moments) note(into map[int64]time.Time, id int64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := into[id]; twice {
		return
	}
	into[id] = at
	if len(m.committed) == m.jobs && len(m.enqueued) == m.jobs {
		close(m.finished)
	}
}

// latencies in milliseconds, sorted.
func (m *moments) latencies() []float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []float64
	for id, at := range m.enqueued {
		if m.warm[id] {
			continue
		}
		out = append(out, float64(m.committed[id].Sub(at).Microseconds())/1000)
	}
	slices.Sort(out)
	return out
}

// RunSteady enqueues cfg.Rate jobs a second, one by one, for cfg.For, after a
// second of the same that does not count: connections open, plans are made.
func RunSteady(ctx context.Context, cfg Config, log *zap.Logger) (Steady, error) {
	return runSteady(ctx, cfg, false, log)
}

// runSteady does so while a snapshot is held, or not.
func runSteady(ctx context.Context, cfg Config, held bool, log *zap.Logger) (_ Steady, err error) {
	cfg.Jobs = cfg.Rate + max(1, int(float64(cfg.Rate)*cfg.For.Seconds()))
	if err := cfg.Validate(); err != nil {
		return Steady{}, err
	}
	if cfg.Executor == ExecutorWASM {
		return Steady{}, fmt.Errorf("steady measures the queue: it has no executor %s", ExecutorWASM)
	}
	s, err := openSite(ctx, cfg)
	if err != nil {
		return Steady{}, err
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	if err := s.vacuum(ctx); err != nil {
		return Steady{}, err
	}
	if held {
		release, err := s.hold(ctx)
		if err != nil {
			return Steady{}, err
		}
		defer release(context.WithoutCancel(ctx)) //nolint:errcheck // it wrote nothing
	}
	return s.steady(ctx, log)
}

func (s *site) steady(ctx context.Context, log *zap.Logger) (Steady, error) {
	m := &moments{enqueued: map[int64]time.Time{}, committed: map[int64]time.Time{}, warm: map[int64]bool{}, finished: make(chan struct{}), jobs: s.cfg.Jobs}
	var measuring atomic.Bool
	var before atomic.Int64
	stop, err := s.start(ctx, func(id int64, at time.Time) {
		if measuring.Load() {
			m.commit(id, at)
		} else {
			before.Add(1)
		}
	}, log)
	if err != nil {
		return Steady{}, err
	}
	defer stop()
	if err := s.wear(ctx, &before); err != nil {
		return Steady{}, fmt.Errorf("jobs before the measurement: %w", err)
	}
	measuring.Store(true)
	began := time.Now()
	if err := s.pace(ctx, m); err != nil {
		return Steady{}, fmt.Errorf("enqueue: %w", err)
	}
	took := time.Since(began)
	select {
	case <-m.finished:
	case <-ctx.Done():
		return Steady{}, ctx.Err()
	case <-time.After(stalled):
		return Steady{}, fmt.Errorf("not every job ended within %s of the last enqueue", stalled)
	}
	r := summary(s.cfg, m.latencies(), took)
	r.DonePS = float64(s.cfg.Jobs) / time.Since(began).Seconds()
	return r, s.verify(ctx, s.cfg.Jobs+s.cfg.Before)
}

// wear runs cfg.Before jobs, so that what they leave lies about.
func (s *site) wear(ctx context.Context, done *atomic.Int64) error {
	if s.cfg.Before == 0 {
		return nil
	}
	var enqueued atomic.Int64
	for n := 0; n < s.cfg.Before; n += enqueueBatch {
		jobs := min(enqueueBatch, s.cfg.Before-n)
		if err := s.enqueueBatch(ctx, n, jobs); err != nil {
			return err
		}
		enqueued.Add(int64(jobs))
	}
	if err := drained(ctx, &enqueued, done); err != nil {
		return err
	}
	return s.vacuum(ctx)
}

// pace enqueues job n at the moment n/rate, however long the others take, on
// as many connections as there are writers.
func (s *site) pace(ctx context.Context, m *moments) error {
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for w := range s.cfg.Writers {
		group.Go(func() error {
			for n := w; n < s.cfg.Jobs; n += s.cfg.Writers {
				due := began.Add(time.Duration(float64(n) / float64(s.cfg.Rate) * float64(time.Second)))
				select {
				case <-time.After(time.Until(due)):
				case <-ctx.Done():
					return ctx.Err()
				}
				id, err := s.enqueue(ctx, n)
				if err != nil {
					return err
				}
				at := time.Now()
				if n < s.cfg.Rate {
					m.ignore(id)
				}
				m.enqueue(id, at)
			}
			return nil
		})
	}
	return group.Wait()
}

func summary(cfg Config, sorted []float64, took time.Duration) Steady {
	at := func(percent int) float64 { return report.Percentile(sorted, percent) }
	r := Steady{Config: cfg, Jobs: len(sorted), Rate: float64(cfg.Jobs) / took.Seconds(), P50: at(50), P95: at(95), P99: at(99), Most: at(100)}
	for percent := range 101 {
		r.Curve = append(r.Curve, at(percent))
	}
	return r
}
