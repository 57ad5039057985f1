package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) classCommand() *cobra.Command {
	return a.groupOf("class", "Executor classes: what may run, and how",
		`An executor class is a kind of work: its runtime, its module or command, its
rights and limits. Running hosts follow a change within seconds; jobs that run
end on the version they began with.`,
		a.classListCommand(), a.classShowCommand(), a.classSetCommand(),
		a.classSwitchCommand("enable", "Let hosts run a class", true),
		a.classSwitchCommand("disable", "Keep hosts from running a class; its jobs wait", false))
}

func (a *app) classListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the classes", Args: cobra.NoArgs, Example: "  lessee class list --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			classes, err := desk.Classes(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(classes)
			}
			rows := make([][]string, len(classes))
			for i, k := range classes {
				rows[i] = []string{k.Class, k.Runtime, executorOf(k), yesNo(k.Enabled), k.Status, oneLine(k.StatusReason, 60)}
			}
			return a.table([]string{"CLASS", "RUNTIME", "EXECUTOR", "ENABLED", "STATUS", "REASON"}, rows)
		})
	})
	return c
}

// executorOf is the module or command of a class.
func executorOf(k postgres.ClassRecord) string {
	if k.Command != nil {
		return *k.Command
	}
	return text(k.Module)
}

func (a *app) classShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show CLASS", Short: "Show all of a class", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClass,
		Example: "  lessee class show render\n  lessee class show render --json | jq .payload_schema"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			k, err := desk.Class(ctx, args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(k)
			}
			return a.fields(classFields(k))
		})
	})
	return c
}

func classFields(k postgres.ClassRecord) [][2]string {
	return [][2]string{
		{"class", k.Class},
		{"runtime", k.Runtime},
		{"module", text(k.Module)},
		{"module sha256", text(k.ModuleSHA256)},
		{"command", text(k.Command)},
		{"enabled", yesNo(k.Enabled)},
		{"status", k.Status},
		{"status reason", k.StatusReason},
		{"status host", k.StatusHost},
		{"status at", when(&k.StatusAt)},
		{"limits", compact(k.EffectiveLimits)},
		{"retry policy", compact(k.EffectiveRetry)},
		{"grants", compact(k.Grants)},
		{"config", compact(k.Config)},
		{"payload schema", compact(k.PayloadSchema)},
		{"result schema", compact(k.ResultSchema)},
		{"concurrency per host", fmt.Sprint(k.Concurrency)},
		{"priority", fmt.Sprint(k.Priority)},
		{"requires approval", yesNo(k.RequiresApproval)},
		{"idempotency retention", span(seconds(k.RetentionSeconds))},
		{"expires after", expiry(k.ExpiresAfterSecs)},
		{"owner", k.Owner},
		{"reason", k.Reason},
		{"exit path", k.ExitPath},
		{"created", when(&k.CreatedAt)},
		{"updated", when(&k.UpdatedAt) + " by " + k.UpdatedBy},
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func expiry(s *float64) string {
	if s == nil {
		return "never"
	}
	return span(seconds(*s))
}

func (a *app) classSwitchCommand(use, short string, enabled bool) *cobra.Command {
	c := &cobra.Command{Use: use + " CLASS", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClass,
		Example: fmt.Sprintf("  lessee class %s render --reason 'ticket 42'", use)}
	reason := c.Flags().String("reason", "", "why; kept in the row (default: the row's reason stays)")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			if err := desk.EnableClass(ctx, args[0], enabled, *reason); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "class %s is %sd\n", args[0], use)
			return nil
		})
	})
	return c
}
