package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

func (a *app) pluginBenchCommand() *cobra.Command {
	c := &cobra.Command{Use: "bench [DIR|FILE]", Short: "Measure how fast a plugin is", Args: cobra.MaximumNArgs(1),
		Long: `Runs one payload many times on the engine of a host: in isolation job, where
every run starts from the module's initial state, and in isolation reuse. One
run at a time: a host runs as many at once as it has processors.`,
		Example: "  lessee plugin bench --payload '{\"name\": \"you\"}' -n 10000"}
	var f attemptFlags
	f.define(c.Flags())
	n := c.Flags().IntP("runs", "n", 1000, "runs of each kind")
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *n < 1 {
			return misused("--runs is %d: it must be at least 1", *n)
		}
		t, err := targetOf(args)
		if err != nil {
			return err
		}
		return a.withModule(ctx, *cache, t, func(m *author.Module) error { return a.bench(ctx, m, f, *n, *asJSON) })
	})
	return c
}

func (a *app) bench(ctx context.Context, m *author.Module, f attemptFlags, n int, asJSON bool) error {
	payload, err := a.jsonArgument("--payload", f.payload)
	if err != nil {
		return err
	}
	class, err := f.class(a, m)
	if err != nil {
		return err
	}
	b, err := m.Bench(ctx, class, payload, n)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(b)
	}
	rows := [][]string{timingRow("clean", b.Clean), timingRow("reuse", b.Reuse)}
	if err := a.table([]string{"INSTANCE", "RUNS", "P50", "P99", "MAX", "FUEL", "MEMORY"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nadmission took %s\n", span(time.Duration(b.LoadMS)*time.Millisecond))
	if b.Cold != "" {
		fmt.Fprintln(a.out, "every run starts the module anew:", b.Cold)
	}
	return nil
}

func timingRow(name string, t author.Timing) []string {
	us := func(n int64) string { return fmt.Sprintf("%dµs", n) }
	return []string{name, fmt.Sprint(t.Runs), us(t.P50US), us(t.P99US), us(t.MostUS), fmt.Sprint(t.Fuel), size(t.Memory)}
}
