package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) secretCommand() *cobra.Command {
	return a.groupOf("secret", "Secrets: where hosts find credentials, and where they may send them",
		`A secret binding says where a host finds the value of a credential (a variable of
its environment, a file, a systemd credential), which hosts may have it, and in
which header. The value itself is in no row and in no guest: a class uses a
binding when one of its http grants names it, and the host adds the header.`,
		a.secretAddCommand(), a.secretListCommand(), a.secretCheckCommand(),
		a.secretSwitchCommand("enable", "Let hosts send a secret", true),
		a.secretSwitchCommand("disable", "Keep hosts from sending a secret; they guard it all the same", false))
}

func (a *app) secretListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the secret bindings", Args: cobra.NoArgs, Example: "  lessee secret list --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			secrets, err := desk.Secrets(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(secrets)
			}
			rows := make([][]string, len(secrets))
			for i, s := range secrets {
				rows[i] = []string{s.Name, s.Source + " " + s.Reference, strings.Join(s.Hosts, ","), s.Header + ": " + s.Format, yesNo(s.Enabled), strings.Join(s.Classes, ",")}
			}
			return a.table([]string{"SECRET", "FROM", "HOSTS", "HEADER", "ENABLED", "CLASSES"}, rows)
		})
	})
	return c
}

func (a *app) secretSwitchCommand(use, short string, enabled bool) *cobra.Command {
	c := &cobra.Command{Use: use + " SECRET", Short: short, Args: cobra.ExactArgs(1),
		Example: fmt.Sprintf("  lessee secret %s crm --reason 'ticket 42'", use)}
	reason := c.Flags().String("reason", "", "why; kept in the row (default: the row's reason stays)")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			if err := desk.EnableSecret(ctx, args[0], enabled, *reason); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "secret %s is %sd\n", args[0], use)
			return nil
		})
	})
	return c
}
