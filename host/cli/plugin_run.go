package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

const pluginRunLong = `Runs one job on the engine of a host, under the limits of a class, without a
database: the same result, fuel and errors as on a host. What the database would
refuse (a schema, an effect that nobody granted) is refused here too.

The class has the default limits, and grants what the manifest wants; --class-row
takes the row of a real one, and --limit and --config change single things.
--envelope takes all that the executor gets, to run a job again as it was.

Exit code 7: the attempt did not succeed.`

const pluginRunExample = `  lessee plugin run --payload '{"name": "you"}'
  lessee plugin run ./greet --payload @big.json --limit wall_ms=200 --limit fuel=5000000
  lessee class show greet --json > row.json && lessee plugin run greet.wasm --class-row @row.json --payload '{}'`

// attemptFlags say what is run, and as which class.
type attemptFlags struct {
	payload, config, row, envelope string
	limits                         []string
}

func (f *attemptFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.payload, "payload", "{}", "JSON; @file reads a file, - reads stdin")
	flags.StringVar(&f.config, "config", "", "JSON of the class's config; @file reads a file")
	flags.StringVar(&f.row, "class-row", "", "JSON as lessee class show --json prints it; @file reads a file")
	flags.StringArrayVar(&f.limits, "limit", nil, "KEY=VALUE of a limit; may be repeated")
}

// class is the one that m is run as.
func (f *attemptFlags) class(a *app, m *author.Module) (author.Class, error) {
	class := author.ClassOf(m)
	if f.row != "" {
		row, err := a.jsonArgument("--class-row", f.row)
		if err == nil {
			err = class.Adopt(row)
		}
		if err != nil {
			return class, refused("--class-row: %w", err)
		}
	}
	if f.config != "" {
		var err error
		if class.Config, err = a.jsonArgument("--config", f.config); err != nil {
			return class, err
		}
	}
	limits, err := keyValues("--limit", f.limits)
	if err != nil {
		return class, err
	}
	if err := class.SetLimits(limits); err != nil {
		return class, misused("--limit: %w", err)
	}
	return class, nil
}

func (a *app) pluginRunCommand() *cobra.Command {
	c := &cobra.Command{Use: "run [DIR|FILE]", Short: "Run one job without a database", Args: cobra.MaximumNArgs(1), Long: pluginRunLong, Example: pluginRunExample}
	var f attemptFlags
	f.define(c.Flags())
	c.Flags().StringVar(&f.envelope, "envelope", "", "the whole envelope, JSON, instead of --payload; @file reads a file")
	c.MarkFlagsMutuallyExclusive("payload", "envelope")
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		t, err := targetOf(args)
		if err != nil {
			return err
		}
		return a.withModule(ctx, *cache, t, func(m *author.Module) error {
			class, err := f.class(a, m)
			if err != nil {
				return err
			}
			report, err := f.attempt(ctx, a, m, class)
			if err != nil {
				return err
			}
			return a.printReport(report, class, *asJSON)
		})
	})
	return c
}

// attempt runs what the flags say.
func (f *attemptFlags) attempt(ctx context.Context, a *app, m *author.Module, class author.Class) (author.Report, error) {
	if f.envelope == "" {
		payload, err := a.jsonArgument("--payload", f.payload)
		if err != nil {
			return author.Report{}, err
		}
		return m.Try(ctx, class, payload)
	}
	envelope, err := a.argument(f.envelope) // byte for byte: white space costs fuel, too
	if err != nil {
		return author.Report{}, refused("--envelope: %w", err)
	}
	return m.Run(ctx, class, envelope)
}

func (a *app) printReport(r author.Report, class author.Class, asJSON bool) error {
	if asJSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else if err := a.printRun(r, class.Limits); err != nil {
		return err
	}
	if r.Failed() {
		return exitCode(ExitNotDone)
	}
	return nil
}

func (a *app) printRun(r author.Report, limits abi.Limits) error {
	rows := [][2]string{{"status", strings.TrimSpace(r.Status() + " " + r.Refused)}}
	if e := r.Error; e != nil {
		rows = append(rows, [2]string{"error", string(e.Code) + ": " + e.Message})
	}
	if result := r.Result; result != nil {
		rows = append(rows, [2]string{"output", compact(result.Output)})
		if result.RetryAfterMS > 0 {
			rows = append(rows, [2]string{"retry after", span(time.Duration(result.RetryAfterMS) * time.Millisecond)})
		}
		for _, e := range result.Events {
			rows = append(rows, [2]string{"event", strings.TrimSpace(e.Type + " " + compact(e.Payload))})
		}
		for _, f := range result.Enqueue {
			rows = append(rows, [2]string{"follow-up", strings.TrimSpace(f.Class + " " + compact(f.Payload))})
		}
		for _, c := range result.Commands {
			rows = append(rows, [2]string{"command", strings.TrimSpace(c.Name + " " + compact(c.Args))})
		}
	}
	if r.Usage != (abi.Usage{}) { // it ran
		rows = append(rows, usageRows(r.Usage, limits)...)
	}
	if err := a.fields(rows); err != nil {
		return err
	}
	return a.printSaid(r)
}

func usageRows(u abi.Usage, limits abi.Limits) [][2]string {
	rows := [][2]string{
		{"fuel", fmt.Sprintf("%d of %d", u.Fuel, limits.Fuel)},
		{"memory", size(u.MemoryBytes) + " of " + size(limits.MemoryBytes)},
		{"time", span(time.Duration(u.WallUS)*time.Microsecond) + " of " + span(limits.Wall())},
		{"host calls", fmt.Sprint(u.HostCalls)},
	}
	if u.HTTPCalls > 0 {
		rows = append(rows, [2]string{"http", fmt.Sprintf("%d calls, %s", u.HTTPCalls, size(u.HTTPBytes))})
	}
	return rows
}

// printSaid prints what the guest said, and where it fell.
func (a *app) printSaid(r author.Report) error {
	for _, p := range r.Progress {
		fmt.Fprintf(a.out, "progress %d/1000 %s\n", p.Permille, p.Note)
	}
	for _, line := range r.Log {
		fmt.Fprintf(a.out, "%-5s %s\n", strings.ToUpper(line.Level), line.Text)
	}
	if r.Error == nil {
		return nil
	}
	var detail struct{ Stack, Stderr string }
	_ = json.Unmarshal(r.Error.Detail, &detail) // an author's own detail has neither
	for _, text := range []string{detail.Stack, detail.Stderr} {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(a.out, "\n  %s\n", strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	return nil
}
