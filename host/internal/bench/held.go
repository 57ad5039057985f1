package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// heldTurn is for how long the rate runs without a snapshot before it runs with
// one. A machine that does other work too changes its speed within minutes, by
// more than a snapshot may cost.
const heldTurn = time.Minute

// RunHeld runs a steady rate without a held snapshot and with one, each for
// cfg.For, in turns of a minute. Each has a database of its own, because a
// snapshot keeps what dies in its database, and hosts that stay up. progress is
// told of each turn.
func RunHeld(ctx context.Context, cfg Config, progress io.Writer, log *zap.Logger) (*report.Report, error) {
	turns := max(2, int(cfg.For/heldTurn))
	each := cfg.For / time.Duration(turns)
	cfg.Jobs = cfg.jobsIn(each)
	if err := cfg.validateSteady(); err != nil {
		return nil, err
	}
	r := report.New("A steady rate under a held snapshot")
	r.Note("%s", report.Machine())
	r.Note("%d jobs a second that take %s, enqueued one by one on %d connections, for %s without and %s with a REPEATABLE READ transaction held, in turns of %s; every job verified",
		cfg.Rate, cfg.Work, cfg.Writers, cfg.For, cfg.For, each)
	if cfg.Before > 0 {
		r.Note("%d more run before, under the snapshot where one is held, as many at once as go, then VACUUM", cfg.Before)
	}
	var all [2][]heldFigures // without, held
	for n := range cfg.Repeat {
		cases, conditions, err := runHeld(ctx, cfg, turns, progress, log)
		if err != nil {
			return r, err
		}
		if n == 0 {
			r.Note("%s", conditions)
		}
		for i, c := range cases {
			all[i] = append(all[i], c.figures())
		}
	}
	addHeld(r, all[0], all[1])
	return r, nil
}

// heldFigures is one repetition, with a snapshot or without.
type heldFigures struct {
	done          float64   // jobs/s
	p50, p99, max float64   // ms, of all jobs
	turns         []float64 // ms: the p99 of each turn
}

func addHeld(r *report.Report, free, held []heldFigures) {
	add := func(what, unit string, value func(heldFigures) float64) (ratios []float64) {
		var values [2][]float64
		for n := range free {
			values[0], values[1] = append(values[0], value(free[n])), append(values[1], value(held[n]))
		}
		r.Add("without: "+what, unit, values[0]...)
		r.Add("held: "+what, unit, values[1]...)
		return report.Ratios(values[1], values[0])
	}
	done := add("done", "jobs/s", func(f heldFigures) float64 { return f.done })
	add("p50", "ms, p50", func(f heldFigures) float64 { return f.p50 })
	p99 := add("p99", "ms, p99", func(f heldFigures) float64 { return f.p99 })
	add("max", "ms, max", func(f heldFigures) float64 { return f.max })
	var turns []float64
	for n := range held {
		turns = append(turns, report.Ratios(held[n].turns, free[n].turns)...)
	}
	r.Add("p99 of a turn, held ÷ without", "of the turn beside it", turns...)
	r.AtLeast(heldKeeps, "throughput, held ÷ without", done...)
	r.AtMost(heldAddsP99, "p99, held ÷ without", p99...)
}

// heldCase is a steady rate in a database of its own.
type heldCase struct {
	*paced
	name    string
	release func(context.Context) error // the snapshot; nil: none is held
	turns   []stretch
}

func runHeld(ctx context.Context, cfg Config, turns int, progress io.Writer, log *zap.Logger) (cases [2]*heldCase, conditions string, err error) {
	cases = [2]*heldCase{{name: "without"}, {name: "held"}}
	for n, c := range cases {
		opened, openErr := c.open(ctx, cfg, fmt.Sprintf("lessee_bench_%d_%d", time.Now().Unix(), n), n == 1, log)
		if opened != nil {
			defer func() { err = errors.Join(err, c.close(ctx), opened.drop(context.WithoutCancel(ctx))) }()
		}
		if openErr != nil {
			return cases, "", fmt.Errorf("%s: %w", c.name, openErr)
		}
	}
	if conditions, err = cases[0].conditions(ctx); err != nil {
		return cases, "", err
	}
	order := slices.Clone(cases[:])
	for n := range turns {
		for _, c := range order {
			if err := c.take(ctx); err != nil {
				return cases, "", fmt.Errorf("%s: %w", c.name, err)
			}
		}
		fmt.Fprintf(progress, "\r%d of %d turns, p99 of the last %.1f ms without, %.1f held ", n+1, turns, cases[0].last(), cases[1].last())
		slices.Reverse(order)
	}
	fmt.Fprintln(progress)
	for _, c := range cases {
		if err := c.verify(ctx, turns*cfg.Jobs+cfg.Before); err != nil {
			return cases, "", fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return cases, conditions, nil
}

// open makes the database, holds a snapshot in it or does not, and starts the
// hosts. What it returns is to be dropped, also after an error.
func (c *heldCase) open(ctx context.Context, cfg Config, database string, held bool, log *zap.Logger) (*scratch, error) {
	made, err := createScratch(ctx, cfg.DSN, database)
	if err != nil {
		return made, err
	}
	made.keep = cfg.Keep
	cfg.DSN = made.dsn
	if made.site, err = openSite(ctx, cfg); err != nil {
		return made, err
	}
	if held {
		if c.release, err = made.site.hold(ctx); err != nil {
			return made, err
		}
	}
	if c.paced, err = made.site.startPaced(ctx, log); err != nil {
		return made, err
	}
	return made, c.autovacuum(ctx, false)
}

func (c *heldCase) close(ctx context.Context) error {
	if c.paced != nil {
		c.stop()
	}
	if c.release != nil {
		return c.release(context.WithoutCancel(ctx))
	}
	return nil
}

// take is the case's turn. Autovacuum works in its database meanwhile, and not
// in the turns of the other, where what it can't clean would count, too.
func (c *heldCase) take(ctx context.Context) error {
	if err := c.autovacuum(ctx, true); err != nil {
		return err
	}
	t, err := c.run(ctx, c.cfg.Jobs)
	if err != nil {
		return err
	}
	c.turns = append(c.turns, t)
	return c.autovacuum(ctx, false)
}

// last is the p99 of the last turn, in milliseconds.
func (c *heldCase) last() float64 { return report.Percentile(c.turns[len(c.turns)-1].latencies, 99) }

func (c *heldCase) figures() (f heldFigures) {
	var all []float64
	var took time.Duration
	for _, t := range c.turns {
		f.turns = append(f.turns, report.Percentile(t.latencies, 99))
		all, took = append(all, t.latencies...), took+t.took
	}
	slices.Sort(all)
	f.done = float64(c.cfg.Jobs*len(c.turns)) / took.Seconds()
	f.p50, f.p99, f.max = report.Percentile(all, 50), report.Percentile(all, 99), report.Percentile(all, 100)
	return f
}
