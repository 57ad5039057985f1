package cli

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/registry"
)

const pluginRunLong = `Runs one job on the engine of a host, under the limits of a class, without a
database: the same result, fuel and errors as on a host. What the database would
refuse (a schema, an effect that nobody granted) is refused here too.

The class has the default limits, and grants what the manifest wants; --class-row
takes the row of a real one, and --limit and --config change single things.
--envelope takes all that the executor gets, to run a job again as it was.

--attach SOCKET runs the job on a native plugin that you started yourself, in
a debugger as a rule, as PROGRAM -debug SOCKET. It may stand at a breakpoint as
long as you like: nothing has a time limit, unless --limit wall_ms sets one.

Exit code 7: the attempt did not succeed.`

const pluginRunExample = `  lessee plugin run --payload '{"name": "you"}'
  lessee plugin run ./greet --payload @big.json --limit wall_ms=200 --limit fuel=5000000
  dlv exec ./greet -- -debug /tmp/greet.sock    # and then: lessee plugin run --attach /tmp/greet.sock
  lessee class show greet --json > row.json && lessee plugin run greet.wasm --class-row @row.json --payload '{}'`

// attemptFlags say what is run, and as which class.
type attemptFlags struct {
	payload, config, row, grants, secrets, envelope, attach string
	limits                                                  []string
}

func (f *attemptFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.payload, "payload", "{}", "JSON; @file reads a file, - reads stdin")
	flags.StringVar(&f.config, "config", "", "JSON of the class's config; @file reads a file")
	flags.StringVar(&f.row, "class-row", "", "JSON as lessee class show --json prints it; @file reads a file")
	flags.StringVar(&f.grants, "grants", "", "JSON of the class's grants, such as {\"http\": [{…}]}; @file reads a file")
	flags.StringVar(&f.secrets, "secrets", "", "JSON of secret bindings, as lessee secret list --json prints them; @file reads a file")
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
	var bindings []registry.SecretBinding
	if err := errors.Join(a.decodeArgument("--grants", f.grants, &class.Grants), a.decodeArgument("--secrets", f.secrets, &bindings)); err != nil {
		return class, err
	}
	m.Bind(bindings)
	if f.attach != "" {
		class.Unhurried()
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

// decodeArgument reads a flag's JSON into a value; a flag that is not there leaves it.
func (a *app) decodeArgument(flag, value string, into any) error {
	if value == "" {
		return nil
	}
	data, err := a.jsonArgument(flag, value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return refused("%s: %w", flag, err)
	}
	return nil
}

func (a *app) pluginRunCommand() *cobra.Command {
	c := &cobra.Command{Use: "run [DIR|FILE]", Short: "Run one job without a database", Args: cobra.MaximumNArgs(1), Long: pluginRunLong, Example: pluginRunExample}
	var f attemptFlags
	f.define(c.Flags())
	c.Flags().StringVar(&f.envelope, "envelope", "", "the whole envelope, JSON, instead of --payload; @file reads a file")
	c.MarkFlagsMutuallyExclusive("payload", "envelope")
	c.Flags().StringVar(&f.attach, "attach", "", "socket of a plugin that was started as PROGRAM -debug SOCKET")
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return f.withModule(ctx, a, *cache, args, func(m *author.Module) error {
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

// withModule lets use have the plugin that --attach or the argument names.
func (f *attemptFlags) withModule(ctx context.Context, a *app, cacheDir string, args []string, use func(*author.Module) error) error {
	if f.attach == "" {
		t, err := targetOf(args)
		if err != nil {
			return err
		}
		return a.withModule(ctx, cacheDir, t, use)
	}
	if len(args) > 0 {
		return misused("--attach names a plugin that runs already: leave %s out", args[0])
	}
	return a.inWorkshop(ctx, cacheDir, func(w *author.Workshop) error {
		m, err := w.Attach(ctx, f.attach)
		if err != nil {
			return codedError{err, ExitNotFound}
		}
		return errors.Join(use(m), m.Close(context.WithoutCancel(ctx)))
	})
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
