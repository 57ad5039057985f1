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

// RunSteady enqueues cfg.Rate jobs a second, one by one, for cfg.For, after a
// second of the same that does not count: connections open, plans are made.
func RunSteady(ctx context.Context, cfg Config, log *zap.Logger) (_ Steady, err error) {
	cfg.Jobs = cfg.jobsIn(cfg.For)
	if err := cfg.validateSteady(); err != nil {
		return Steady{}, err
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
	hosts, err := s.startPaced(ctx, log)
	if err != nil {
		return Steady{}, err
	}
	defer hosts.stop()
	t, err := hosts.run(ctx, cfg.Jobs)
	if err != nil {
		return Steady{}, err
	}
	r := summary(cfg, t.latencies, t.paced)
	r.DonePS = float64(cfg.Jobs) / t.took.Seconds()
	return r, s.verify(ctx, cfg.Jobs+cfg.Before)
}

// jobsIn is how many jobs a steady rate is, of d and the second before it that does not count.
func (c Config) jobsIn(d time.Duration) int {
	return c.Rate + max(1, int(float64(c.Rate)*d.Seconds()))
}

func (c Config) validateSteady() error {
	if c.Executor == ExecutorWASM {
		return fmt.Errorf("a steady rate measures the queue: it has no executor %s", ExecutorWASM)
	}
	return c.Validate()
}

// paced is a site whose hosts stay up, for one stretch of a steady rate after the other.
type paced struct {
	*site
	stop func()
	now  atomic.Pointer[moments] // of this stretch; nil before the first
	worn atomic.Int64            // jobs that ended before that
}

// startPaced starts the hosts, and runs cfg.Before jobs.
func (s *site) startPaced(ctx context.Context, log *zap.Logger) (*paced, error) {
	p := &paced{site: s}
	var err error
	p.stop, err = s.start(ctx, func(id int64, at time.Time) {
		if m := p.now.Load(); m != nil {
			m.commit(id, at)
		} else {
			p.worn.Add(1)
		}
	}, log)
	if err != nil {
		return nil, err
	}
	if err := s.wear(ctx, &p.worn); err != nil {
		p.stop()
		return nil, fmt.Errorf("jobs before the measurement: %w", err)
	}
	return p, nil
}

// stretch is what became of some jobs at a steady rate.
type stretch struct {
	latencies   []float64     // milliseconds, sorted, without those of the first second
	paced, took time.Duration // until all were enqueued, and until all were done
}

// run enqueues jobs at the rate, and returns when they are done.
func (p *paced) run(ctx context.Context, jobs int) (t stretch, err error) {
	m := newMoments(jobs)
	p.now.Store(m)
	began := time.Now()
	if err := p.pace(ctx, m); err != nil {
		return t, fmt.Errorf("enqueue: %w", err)
	}
	t.paced = time.Since(began)
	select {
	case <-m.finished:
	case <-ctx.Done():
		return t, ctx.Err()
	case <-time.After(stalled):
		return t, fmt.Errorf("not every job ended within %s of the last enqueue", stalled)
	}
	t.took, t.latencies = time.Since(began), m.latencies()
	return t, nil
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

// pace enqueues the jobs of m, job n at the moment n/rate, however long the
// others take, on as many connections as there are writers.
func (s *site) pace(ctx context.Context, m *moments) error {
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for w := range s.cfg.Writers {
		group.Go(func() error {
			for n := w; n < m.jobs; n += s.cfg.Writers {
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
