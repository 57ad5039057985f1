package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/bench"
	"github.com/lessee-run/lessee/host/internal/bench/report"
)

const benchPinnedLong = `Holds a snapshot in a REPEATABLE READ transaction, as somebody's forgotten session would,
so that nothing that dies can be cleaned.

Without --rate: full speed with a backlog of 20,000; a third of --for before the pin,
--for under it with ANALYZE in its middle, a third after.

With --rate: that many jobs a second, --for without a snapshot and --for with one, in
turns of a minute, at least two each. Each has a database of its own on the server, made
for it and dropped after; so the login needs the right CREATEDB. --before says how many
jobs run first, under the same snapshot: a million leave as much as 20 minutes at 800 a
second.`

func (a *app) benchPinnedCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "pinned", Short: "Speed while a transaction holds a snapshot", Long: benchPinnedLong, Args: cobra.NoArgs,
		Example: "  lessee bench pinned --for 3m\n  lessee bench pinned --rate 800 --for 30m\n  lessee bench pinned --rate 800 --work 1ms --before 1000000 --for 20s --repeat 5",
	}
	f := &benchFlags{}
	f.addBounded(c, 1, time.Minute, "how long the snapshot is held")
	f.addHosts(c)
	f.writers(c, 16)
	f.addPlot(c)
	rate := c.Flags().Int("rate", 0, "jobs a second, enqueued one by one; 0: as many as go")
	c.Flags().IntVar(&f.cfg.Before, "before", 0, "jobs that run first, with --rate")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		if *rate == 0 && f.cfg.Before > 0 {
			return usageError{errors.New("--before goes with --rate: at full speed enough jobs run anyway"), c.CommandPath()}
		}
		if *rate > 0 {
			f.cfg.Rate = *rate
			return a.bounded(ctx, f, func(ctx context.Context, cfg bench.Config, log *zap.Logger) (*report.Report, error) {
				return bench.RunHeld(ctx, cfg, a.errs, log)
			})
		}
		var p bench.Pinned
		err := a.measure(ctx, f, func(cfg bench.Config, log *zap.Logger) (err error) {
			p, err = bench.RunPinned(ctx, cfg, log)
			return err
		})
		if err != nil {
			return err
		}
		if err := f.writePlot(p.Plot()); err != nil {
			return err
		}
		return a.printFound(f, &p.Report, p)
	})
	return c
}

const benchEnqueueLong = `Enqueues without a host, in turns of --for: one by one on --writers connections beside a
bare INSERT into one table of the same columns; one by one on 64 connections with and
without NOTIFY while a host listens; and many at once beside COPY.

For its turns it switches the setting queue.notify.enabled, and puts it back.`

func (a *app) benchEnqueueCommand() *cobra.Command {
	c := &cobra.Command{Use: "enqueue", Short: "What an enqueue costs beside a bare INSERT", Long: benchEnqueueLong, Args: cobra.NoArgs, Example: "  lessee bench enqueue --writers 10 --for 5s"}
	f := &benchFlags{}
	f.addBounded(c, 3, 5*time.Second, "how long each turn takes")
	f.addHosts(c)
	f.writers(c, 10)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.bounded(ctx, f, func(ctx context.Context, cfg bench.Config, _ *zap.Logger) (*report.Report, error) {
			return bench.RunEnqueue(ctx, cfg)
		})
	})
	return c
}

const benchBacklogLong = `Measures what the claim of a batch takes with 10,000 jobs ready, with --jobs ready, and
with 10,000 and --scheduled that are due in a day. What is claimed is committed and
replaced. Each case has a database of its own on the server, made for it and dropped
after, and they take turns batch by batch; so the login needs the right CREATEDB.

The first jobs and those with a key are enqueued; the others are copies of those, made
by INSERT … SELECT, because ten million enqueues would take long.`

func (a *app) benchBacklogCommand() *cobra.Command {
	c := &cobra.Command{Use: "backlog", Short: "What a claim costs when millions wait", Long: benchBacklogLong, Args: cobra.NoArgs, Example: "  lessee bench backlog --jobs 10000000 --keys 100000 --scheduled 1000000"}
	f := &benchFlags{}
	f.addBounded(c, 3, 0, "")
	flags := c.Flags()
	flags.IntVar(&f.cfg.Jobs, "jobs", 1_000_000, "jobs that are ready")
	flags.IntVar(&f.cfg.Classes, "classes", 200, "classes that they are of")
	flags.IntVar(&f.cfg.Keys, "keys", 100_000, "of them have an idempotency key")
	flags.IntVar(&f.cfg.Scheduled, "scheduled", 1_000_000, "jobs more that are due in a day")
	flags.IntVar(&f.cfg.Batch, "batch", f.cfg.Batch, "jobs that a claim grants")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.bounded(ctx, f, func(ctx context.Context, cfg bench.Config, _ *zap.Logger) (*report.Report, error) {
			return bench.RunBacklog(ctx, cfg, a.errs)
		})
	})
	return c
}

const benchHostsLong = `Drains a backlog with 1, 2, 4 and 8 hosts, in turn. Each is a process of its own, with
its own lease and connections. The clock starts when a fifth is done and they are warm;
the figure from their start stands beside it. Every 10 ms their connections are looked
at: who waits for a lock, and is it a claim. pg_stat_statements, if it is there, counts
heartbeats.`

func (a *app) benchHostsCommand() *cobra.Command {
	c := &cobra.Command{Use: "hosts", Short: "What more hosts bring and cost", Long: benchHostsLong, Args: cobra.NoArgs, Example: "  lessee bench hosts --jobs 100000"}
	f := &benchFlags{}
	f.addBounded(c, 3, 20*time.Second, "how long the hosts stay up at least, for their heartbeats")
	c.Flags().IntVar(&f.cfg.Jobs, "jobs", 100_000, "jobs to drain")
	c.Flags().IntVar(&f.cfg.Classes, "classes", f.cfg.Classes, "classes that the jobs are of, in turn")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program, to start it as a host: %w", err)
		}
		f.cfg.Host = []string{program, "bench", "host"}
		return a.bounded(ctx, f, func(ctx context.Context, cfg bench.Config, _ *zap.Logger) (*report.Report, error) {
			return bench.RunHosts(ctx, cfg)
		})
	})
	return c
}

// benchHostCommand is what benchHostsCommand starts.
func (a *app) benchHostCommand() *cobra.Command {
	return &cobra.Command{
		Use: "host", Short: "A host of lessee bench hosts, which starts it", Hidden: true, Args: cobra.NoArgs, Example: "  lessee bench hosts",
		RunE: a.run(func(ctx context.Context, _ []string) error { return bench.ServeHost(ctx, a.in, a.out, benchLog()) }),
	}
}

// addBounded adds the flags of a measurement that judges bounds; it lasts for d a turn, if it has turns.
func (f *benchFlags) addBounded(c *cobra.Command, repeat int, d time.Duration, what string) {
	f.add(c)
	c.Flags().IntVar(&f.cfg.Repeat, "repeat", repeat, "repetitions, of which the median counts")
	if d > 0 {
		c.Flags().DurationVar(&f.cfg.For, "for", d, what)
	}
}

// writers is another number of them by default.
func (f *benchFlags) writers(c *cobra.Command, n int) {
	f.cfg.Writers = n
	c.Flag("writers").DefValue = strconv.Itoa(n)
}

// bounded runs a measurement and prints what it found.
func (a *app) bounded(ctx context.Context, f *benchFlags, run func(context.Context, bench.Config, *zap.Logger) (*report.Report, error)) error {
	var r *report.Report
	err := a.measure(ctx, f, func(cfg bench.Config, log *zap.Logger) (err error) {
		r, err = run(ctx, cfg, log)
		return err
	})
	if err != nil {
		return err
	}
	return a.printFound(f, r, r)
}

// printFound prints a report, or the whole as JSON, and fails when a bound is not kept.
func (a *app) printFound(f *benchFlags, r *report.Report, whole any) error {
	printed := func() error { return r.Print(a.out) }
	if *f.asJSON {
		printed = func() error { return a.printJSON(whole) }
	}
	if err := printed(); err != nil {
		return err
	}
	if failed, all := r.Failed(); failed > 0 {
		return fmt.Errorf("%d of %d bounds are not kept; on a machine that does other work too, repeat it before you believe it", failed, all)
	}
	return nil
}
