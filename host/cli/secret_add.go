package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

const secretAddExample = `  lessee secret add crm --env CRM_TOKEN --host api.crm.example --owner sales --reason 'contacts'
  lessee secret add mail --file /etc/lessee/mail --host '*.mail.example' --format 'Basic {base64}' --owner ops --reason 'user:password'
  lessee secret add llm --systemd llm-key --host api.llm.example --header X-Api-Key --format '{}' --owner ai --reason 'agent'`

func (a *app) secretAddCommand() *cobra.Command {
	c := &cobra.Command{Use: "add SECRET", Short: "Bind a secret", Args: cobra.ExactArgs(1), Example: secretAddExample,
		Long: `Says where hosts find the value of a credential. Nothing here takes the value:
put it where each host can read it, and let "lessee secret check" look there.

A class may use it after one of its http grants names it in "credentials".`}
	s := postgres.SecretRecord{}
	var env, file, systemd string
	flags := c.Flags()
	flags.StringVar(&env, "env", "", "name of a variable in the environment of the host")
	flags.StringVar(&file, "file", "", "absolute path of a file; read again when it changes")
	flags.StringVar(&systemd, "systemd", "", "name of a credential of the host's service (LoadCredential=)")
	flags.StringSliceVar(&s.Hosts, "host", nil, "hosts that may have it: a name, *.NAME for its subdomains, or an address; may be repeated")
	flags.StringVar(&s.Header, "header", "Authorization", "header that carries it")
	flags.StringVar(&s.Format, "format", "Bearer {}", "value of the header: {} is the secret, {base64} its base64")
	flags.StringVar(&s.Owner, "owner", "", "who answers for it (needed)")
	flags.StringVar(&s.Reason, "reason", "", "why it is bound (needed)")
	flags.StringVar(&s.ExitPath, "exit-path", "", "how to live without it")
	c.MarkFlagsOneRequired("env", "file", "systemd")
	c.MarkFlagsMutuallyExclusive("env", "file", "systemd")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		s.Name = args[0]
		for source, reference := range map[string]string{"env": env, "file": file, "systemd": systemd} {
			if reference != "" {
				s.Source, s.Reference = source, reference
			}
		}
		if len(s.Hosts) == 0 {
			return misused("--host is missing: name the hosts that may have the secret")
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			if err := desk.AddSecret(ctx, s); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "secret %s is bound; look for its value on each host: lessee secret check %s\n", s.Name, s.Name)
			return nil
		})
	})
	return c
}
