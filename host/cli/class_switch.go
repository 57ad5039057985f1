package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) classRollbackCommand() *cobra.Command {
	return a.classPointCommand("rollback", "Go back to the module that ran the jobs before",
		`Points the class at the module that ran its jobs before the present one, and
waits until the hosts run jobs on it. A second rollback undoes the first.`,
		(*postgres.Desk).RollBackClass)
}

func (a *app) classPromoteCommand() *cobra.Command {
	return a.classPointCommand("promote", "Make the candidate the module of the class",
		`Points the class at its candidate, which ends the trial, and waits until the
hosts run all jobs on it. lessee class rollback undoes it.`,
		(*postgres.Desk).PromoteClass)
}

// classPointCommand is a command that points a class at a module by one word.
func (a *app) classPointCommand(use, short, long string, point func(*postgres.Desk, context.Context, string, string) (string, error)) *cobra.Command {
	c := &cobra.Command{Use: use + " CLASS", Short: short, Long: long, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClass,
		Example: fmt.Sprintf("  lessee class %s render --reason 'ticket 42'", use)}
	reason := c.Flags().String("reason", "", "why; kept in the row (needed)")
	timeout := waitFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *reason == "" {
			return misused("--reason is missing: the row says why the class is as it is")
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			module, err := point(desk, ctx, args[0], *reason)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "class %s is pointed at %s\n", args[0], module)
			return a.awaitSwitch(ctx, desk, args[0], *timeout)
		})
	})
	return c
}

func waitFlag(c *cobra.Command) *time.Duration {
	return c.Flags().Duration("wait", 30*time.Second, "at most so long for the hosts to be ready; 0: don't wait")
}

// awaitSwitch waits until the module that the class is pointed at runs its jobs.
func (a *app) awaitSwitch(ctx context.Context, desk *postgres.Desk, class string, timeout time.Duration) error {
	began := time.Now()
	for pause := 20 * time.Millisecond; timeout > 0; pause = min(pause*3/2, 500*time.Millisecond) {
		k, err := desk.Class(ctx, class)
		switch {
		case err != nil:
			return err
		case k.Serving == nil:
			fmt.Fprintf(a.out, "its jobs run on %s (after %s)\n", text(k.Module), span(time.Since(began)))
			return nil
		case a.noHosts(ctx, desk, class):
			fmt.Fprintln(a.out, "no host runs it now; the first one that is ready for the module will")
			return nil
		case time.Since(began) > timeout:
			a.warn("after %s its jobs still run on %s: %s\n  lessee class show %s tells what each host waits for; lessee class rollback %s calls it off.", timeout, *k.Serving, oneLine(k.StatusReason, 300), class, class)
			return exitCode(ExitTimeout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

func (a *app) noHosts(ctx context.Context, desk *postgres.Desk, class string) bool {
	hosts, err := desk.ClassHosts(ctx, class)
	return err == nil && len(hosts) == 0
}
