package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) classCommand() *cobra.Command {
	return a.groupOf("class", "Executor classes: what may run, and how",
		`An executor class is a kind of work: its runtime, its module or command, its
rights and limits. Running hosts follow a change within seconds. A class that is
pointed at another module keeps running jobs on the old one until every host is
ready for the new; jobs that run end on the one they began with.`,
		a.classListCommand(), a.classShowCommand(), a.classSetCommand(), a.classRollbackCommand(), a.classPromoteCommand(),
		a.classSwitchCommand("enable", "Let hosts run a class", true),
		a.classSwitchCommand("disable", "Keep hosts from running a class; its jobs wait", false))
}

// executorOf is the module or command of a class.
func executorOf(k postgres.ClassRecord) string {
	if k.Command != nil {
		return *k.Command
	}
	return text(k.Module)
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
