package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/egress"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/registry"
)

// secretFinding is what secret check found about one binding.
type secretFinding struct {
	Name   string `json:"name"`
	From   string `json:"from"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"` // why not; never the value
}

func (a *app) secretCheckCommand() *cobra.Command {
	c := &cobra.Command{Use: "check [SECRET...]", Short: "Look for the values of secrets on this machine",
		Long: `Looks where the bindings point, as a host of this machine and this environment
would, and says for each whether its value can be used. It prints no value.
Run it as the user of the host: sudo -u lessee lessee secret check`,
		Example: "  lessee secret check\n  lessee secret check crm --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			secrets, err := namedSecrets(ctx, desk, args)
			if err != nil {
				return err
			}
			findings := make([]secretFinding, len(secrets))
			for i, s := range secrets {
				findings[i] = a.checkSecret(s)
			}
			return a.printSecretFindings(findings, *asJSON)
		})
	})
	return c
}

// namedSecrets reads the bindings of these names; all of them, if there are none.
func namedSecrets(ctx context.Context, desk *postgres.Desk, names []string) ([]postgres.SecretRecord, error) {
	if len(names) == 0 {
		return desk.Secrets(ctx)
	}
	var out []postgres.SecretRecord
	for _, name := range names {
		s, err := desk.Secret(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (a *app) checkSecret(s postgres.SecretRecord) secretFinding {
	found := secretFinding{Name: s.Name, From: s.Source + " " + s.Reference, OK: true}
	binding := registry.SecretBinding{Name: s.Name, Source: registry.SecretSource(s.Source), Reference: s.Reference,
		Hosts: s.Hosts, Header: s.Header, Format: s.Format, Enabled: s.Enabled}
	if err := egress.Check(binding, a.lookupEnv); err != nil {
		found.OK, found.Reason = false, err.Error()
	}
	return found
}

func (a *app) lookupEnv(name string) (string, bool) {
	for _, variable := range a.environ() {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func (a *app) printSecretFindings(findings []secretFinding, asJSON bool) error {
	rows := make([][]string, len(findings))
	for i, f := range findings {
		rows[i] = []string{f.Name, f.From, yesNo(f.OK), oneLine(f.Reason, 120)}
	}
	print := func() error { return a.table([]string{"SECRET", "FROM", "USABLE", "REASON"}, rows) }
	if asJSON {
		print = func() error { return a.printJSON(findings) }
	}
	if err := print(); err != nil {
		return err
	}
	if slices.ContainsFunc(findings, func(f secretFinding) bool { return !f.OK }) {
		return exitCode(ExitFailure)
	}
	return nil
}
