package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// Bounds of Lessee's latency, in milliseconds.
const (
	slowRate, slowP50, slowP99 = 50, 3, 12
	fastRate, fastP99          = 800, 25
)

// delay is what jobs took from the commit of their enqueue to that of their result.
type delay struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`

	waiting, jobs int // that had no result when the time was over, of so many
}

// steadySystem keeps a rate with one system. The first second is not counted.
type steadySystem struct {
	name string
	rate int
	work time.Duration
	run  func(ctx context.Context, l *lab, dsn string, rate int, work time.Duration) (delay, error)
}

func steadySystems() []steadySystem {
	return []steadySystem{
		{"lessee", slowRate, 0, lesseeSteady},
		{"river, defaults", slowRate, 0, riverSteady(riverDefaults)},
		{"graphile worker, defaults", slowRate, 0, graphileSteady},
		{"pg-boss, defaults", slowRate, 0, pgbossSteady("defaults")},
		{"pg-boss, batches, poll 0.5 s", slowRate, 0, pgbossSteady("best")},
		{"lessee", fastRate, time.Millisecond, lesseeSteady},
		{"river, best", fastRate, time.Millisecond, func(ctx context.Context, l *lab, dsn string, rate int, work time.Duration) (delay, error) {
			return riverSteady(l.river)(ctx, l, dsn, rate, work)
		}},
	}
}

// latencies keeps a slow and a faster rate with every system in turn.
func (l *lab) latencies(ctx context.Context) ([]*report.Report, error) {
	r := report.New("3  Latency, from the commit of the enqueue to that of the result")
	if err := l.conditions(ctx, r); err != nil {
		return nil, err
	}
	r.Note("jobs enqueued one by one on a system that does nothing else, for %s; at %d/s they do nothing, at %d/s they take 1 ms; every job verified", l.steady, slowRate, fastRate)
	all := steadySystems()
	p50, p99 := make([][]float64, len(all)), make([][]float64, len(all))
	for round := range l.repeat {
		for n := range all {
			at := (n + round) % len(all)
			s := all[at]
			err := l.inDatabase(ctx, func(dsn string) error {
				d, err := s.run(ctx, l, dsn, s.rate, s.work)
				progress("round %d  %-28s %d/s  p50 %.2f ms  p99 %.2f ms", round+1, s.name, s.rate, d.P50, d.P99)
				if d.waiting > 0 {
					r.Note("round %d: %s does not keep up: %d of %d jobs still waited %s after the last was enqueued, and count with the time they had waited", round+1, s.name, d.waiting, d.jobs, patience)
				}
				p50[at], p99[at] = append(p50[at], d.P50), append(p99[at], d.P99)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("%s at %d/s: %w", s.name, s.rate, err)
			}
		}
	}
	for at, s := range all {
		r.Add(fmt.Sprintf("%d/s, p50: %s", s.rate, s.name), fmt.Sprintf("ms, p50 at %d/s", s.rate), p50[at]...)
	}
	for at, s := range all {
		r.Add(fmt.Sprintf("%d/s, p99: %s", s.rate, s.name), fmt.Sprintf("ms, p99 at %d/s", s.rate), p99[at]...)
	}
	for at, s := range all {
		switch {
		case s.name == "lessee" && s.rate == slowRate:
			r.AtMostOf(slowP50, "ms", fmt.Sprintf("lessee at %d/s, p50", slowRate), p50[at]...)
			r.AtMostOf(slowP99, "ms", fmt.Sprintf("lessee at %d/s, p99", slowRate), p99[at]...)
		case s.name == "lessee":
			r.AtMostOf(fastP99, "ms", fmt.Sprintf("lessee at %d/s, p99", fastRate), p99[at]...)
		}
	}
	return []*report.Report{r}, nil
}

func lesseeSteady(ctx context.Context, l *lab, dsn string, rate int, work time.Duration) (d delay, err error) {
	err = l.lesseeJSON(ctx, dsn, &d, "steady", "--rate", strconv.Itoa(rate), "--for", l.steady.String(), "--work", work.String())
	return d, err
}

// riverSteady takes River's own word for when a result is committed: the event
// that its completer sends after it.
func riverSteady(settings riverSettings) func(context.Context, *lab, string, int, time.Duration) (delay, error) {
	return func(ctx context.Context, l *lab, dsn string, rate int, work time.Duration) (delay, error) {
		jobs := rate * int((l.steady + time.Second).Seconds())
		q, err := openRiver(ctx, dsn, settings, work)
		if err != nil {
			return delay{}, err
		}
		defer q.pool.Close()
		events, unsubscribe := q.SubscribeConfig(&river.SubscribeConfig{ChanSize: jobs, Kinds: []river.EventKind{river.EventKindJobCompleted}})
		defer unsubscribe()
		if err := q.Start(ctx); err != nil {
			return delay{}, err
		}
		defer q.Stop(ctx) //nolint:errcheck // its jobs are verified
		completed := map[int64]time.Time{}
		all := make(chan struct{})
		go func() {
			for event := range events {
				if completed[event.Job.ID] = time.Now(); len(completed) == jobs {
					close(all)
					return
				}
			}
		}()
		enqueuer, err := openRiver(ctx, dsn, riverSettings{workers: 1, conns: writers}, 0) // never started: a pool of its own
		if err != nil {
			return delay{}, err
		}
		defer enqueuer.pool.Close()
		enqueued, err := enqueuer.pace(ctx, rate, jobs)
		if err != nil {
			return delay{}, err
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			return delay{}, fmt.Errorf("not all of %d jobs are completed a minute after the last enqueue", jobs)
		}
		var took []float64
		for n, e := range enqueued {
			if n >= rate {
				took = append(took, float64(completed[e.id].Sub(e.at).Microseconds())/1000)
			}
		}
		return delayOf(took), q.await(ctx, jobs)
	}
}

type enqueue struct {
	id int64
	at time.Time
}

// writers is how many connections enqueue, as `lessee bench steady` does.
const writers = 16

// pace enqueues job n at the moment n/rate.
func (q *riverQueue) pace(ctx context.Context, rate, jobs int) ([]enqueue, error) {
	out, failed := make([]enqueue, jobs), make([]error, writers)
	var all sync.WaitGroup
	began := time.Now()
	for w := range writers {
		all.Go(func() {
			for n := w; n < jobs && failed[w] == nil; n += writers {
				time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / time.Duration(rate))))
				inserted, err := q.Insert(ctx, noop{n}, nil)
				if failed[w] = err; err == nil {
					out[n] = enqueue{inserted.Job.ID, time.Now()}
				}
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func delayOf(took []float64) delay {
	slices.Sort(took)
	return delay{P50: report.Percentile(took, 50), P99: report.Percentile(took, 99)}
}
