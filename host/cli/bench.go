package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/bench"
)

const benchLong = `Measures this installation with jobs of its own, which it takes away again.

The executor answers inside the host (--executor none), or in a clean sandbox per
job (--executor wasm); everything else is what every job costs. The login must own
the schema. A measurement counts only if every job was done, once: the database is asked.

burn, mixed and steady measure this installation. pinned, enqueue, backlog and hosts hold
it against itself: they print medians with their spread, ratios within the same run, and
PASS or FAIL for each bound; one that is not kept ends the command with exit code 1.
For figures that mean something, run them on a machine that does nothing else.`

func (a *app) benchCommand() *cobra.Command {
	return a.groupOf("bench", "Measure an installation", benchLong, a.benchBurnCommand(), a.benchSteadyCommand(), a.benchMixedCommand(),
		a.benchPinnedCommand(), a.benchEnqueueCommand(), a.benchBacklogCommand(), a.benchHostsCommand(), a.benchHostCommand())
}

// benchFlags are common to all measurements.
type benchFlags struct {
	cfg    bench.Config
	plot   string
	asJSON *bool
}

func (f *benchFlags) add(c *cobra.Command) {
	f.cfg = bench.Default()
	flags := c.Flags()
	flags.IntVar(&f.cfg.Slots, "slots", f.cfg.Slots, "attempts at once on each host")
	flags.IntVar(&f.cfg.Conns, "conns", f.cfg.Conns, "connections of each host")
	flags.IntVar(&f.cfg.Writers, "writers", f.cfg.Writers, "connections that enqueue")
	flags.IntVar(&f.cfg.Payload, "payload", f.cfg.Payload, "bytes of text in each payload")
	flags.DurationVar(&f.cfg.Work, "work", f.cfg.Work, "time that an attempt takes; only for --executor none")
	flags.BoolVar(&f.cfg.Keep, "keep", false, "leave the jobs and the classes in the database, to look at them")
	f.asJSON = jsonFlag(c)
}

// addHosts is for what starts as many hosts in this process as it is told.
func (f *benchFlags) addHosts(c *cobra.Command) {
	c.Flags().IntVar(&f.cfg.Hosts, "hosts", f.cfg.Hosts, "hosts in this process, each with a lease of its own")
}

func (f *benchFlags) addPlot(c *cobra.Command) {
	c.Flags().StringVar(&f.plot, "plot", "", "write a plot to this file, as SVG")
}

// addExecutor is for what runs jobs in a sandbox if asked to.
func (f *benchFlags) addExecutor(c *cobra.Command) {
	c.Flags().StringVar(&f.cfg.Executor, "executor", f.cfg.Executor, "none or wasm")
	c.Flags().StringVar(&f.cfg.Module, "module", "", "file of a core module for --executor wasm; without it, one that only answers")
}

func (a *app) benchBurnCommand() *cobra.Command {
	c := &cobra.Command{Use: "burn", Short: "Drain a backlog", Args: cobra.NoArgs, Example: "  lessee bench burn --jobs 100000 --plot burn.svg"}
	f := &benchFlags{}
	f.add(c)
	f.addHosts(c)
	c.Flags().IntVar(&f.cfg.Jobs, "jobs", f.cfg.Jobs, "jobs to drain")
	f.addExecutor(c)
	f.addPlot(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error { return a.benchBurn(ctx, f) })
	return c
}

func (a *app) benchMixedCommand() *cobra.Command {
	c := &cobra.Command{Use: "mixed", Short: "Drain a backlog of many classes", Args: cobra.NoArgs, Example: "  lessee bench mixed --classes 200"}
	f := &benchFlags{}
	f.add(c)
	f.addHosts(c)
	c.Flags().IntVar(&f.cfg.Jobs, "jobs", f.cfg.Jobs, "jobs to drain")
	c.Flags().IntVar(&f.cfg.Classes, "classes", 20, "classes that the jobs are of, in turn")
	f.addExecutor(c)
	f.addPlot(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error { return a.benchBurn(ctx, f) })
	return c
}

func (a *app) benchSteadyCommand() *cobra.Command {
	c := &cobra.Command{Use: "steady", Short: "Latency at a steady rate", Args: cobra.NoArgs, Example: "  lessee bench steady --rate 800 --work 1ms --for 30s"}
	f := &benchFlags{}
	f.add(c)
	f.addHosts(c)
	f.writers(c, 16) // at 800 a second, four would wait for their commits
	c.Flags().IntVar(&f.cfg.Rate, "rate", f.cfg.Rate, "jobs a second, enqueued one by one")
	c.Flags().DurationVar(&f.cfg.For, "for", f.cfg.For, "how long")
	c.Flags().IntVar(&f.cfg.Classes, "classes", f.cfg.Classes, "classes that the jobs are of, in turn")
	f.addPlot(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error { return a.benchSteady(ctx, f) })
	return c
}

func (a *app) benchBurn(ctx context.Context, f *benchFlags) error {
	var b bench.Burn
	err := a.measure(ctx, f, func(cfg bench.Config, log *zap.Logger) (err error) {
		b, err = bench.RunBurn(ctx, cfg, log)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.writePlot(b.Plot()); err != nil {
		return err
	}
	if *f.asJSON {
		return a.printJSON(b)
	}
	return a.fields([][2]string{
		{"jobs", fmt.Sprint(b.Config.Jobs) + ", each done once"},
		{"enqueued", fmt.Sprintf("%.0f/s, in batches on %d connections", b.EnqueuedPS, b.Config.Writers)},
		{"drained", fmt.Sprintf("%.0f/s, in %.2fs", b.DrainedPS, b.Seconds)},
		{"WAL", fmt.Sprintf("%d bytes a job", b.WALPerJob)},
	})
}

func (a *app) benchSteady(ctx context.Context, f *benchFlags) error {
	var r bench.Steady
	err := a.measure(ctx, f, func(cfg bench.Config, log *zap.Logger) (err error) {
		r, err = bench.RunSteady(ctx, cfg, log)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.writePlot(r.Plot()); err != nil {
		return err
	}
	if *f.asJSON {
		return a.printJSON(r)
	}
	ms := func(v float64) string { return fmt.Sprintf("%.2f ms", v) }
	return a.fields([][2]string{
		{"jobs", fmt.Sprintf("%d, each done once, at %.0f/s", r.Jobs, r.Rate)},
		{"p50", ms(r.P50)}, {"p95", ms(r.P95)}, {"p99", ms(r.P99)}, {"max", ms(r.Most)},
	})
}

// measure runs f on the database at hand, migrated.
func (a *app) measure(ctx context.Context, f *benchFlags, run func(bench.Config, *zap.Logger) error) error {
	if err := f.cfg.Validate(); err != nil {
		return misused("--%v", err)
	}
	db, err := a.createDatabase(ctx, a.externalDSN())
	if err != nil {
		return err
	}
	return db.closeAfter(ctx, func() error {
		if _, err := db.migrate(ctx); err != nil {
			return err
		}
		f.cfg.DSN = db.migrator
		return run(f.cfg, benchLog())
	})
}

// benchLog tells what hosts of a measurement complain about.
func benchLog() *zap.Logger {
	return zap.Must(zap.NewDevelopment(zap.IncreaseLevel(zap.WarnLevel), zap.AddStacktrace(zap.FatalLevel)))
}

func (f *benchFlags) writePlot(svg []byte) error {
	if f.plot == "" {
		return nil
	}
	if err := os.WriteFile(f.plot, svg, 0o644); err != nil {
		return fmt.Errorf("write the plot: %w", err)
	}
	return nil
}
