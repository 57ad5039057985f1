package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/signature"
)

func (a *app) keyCommand() *cobra.Command {
	return a.groupOf("key", "Signing keys: whose signatures of modules count",
		`A signing key is a pair, in the files of minisign: the secret one signs modules
and stays with its owner, the public one is registered. A host whose setting
signatures is require runs no module without a signature by an enabled key.`,
		a.keyGenerateCommand(), a.keyAddCommand(), a.keyListCommand(),
		a.keySwitchCommand("enable", "Let the signatures of a key count", true),
		a.keySwitchCommand("disable", "Revoke a key", false))
}

func (a *app) keyListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the keys", Args: cobra.NoArgs, Example: "  lessee key list --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			keys, err := desk.Keys(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(keys)
			}
			rows := make([][]string, len(keys))
			for i, k := range keys {
				rows[i] = []string{k.KeyID, k.Owner, yesNo(k.Enabled), fmt.Sprint(k.Signed), ago(k.UpdatedAt), k.UpdatedBy, oneLine(k.Reason, 60)}
			}
			return a.table([]string{"KEY", "OWNER", "ENABLED", "SIGNED", "CHANGED", "BY", "REASON"}, rows)
		})
	})
	return c
}

func (a *app) keyAddCommand() *cobra.Command {
	c := &cobra.Command{Use: "add FILE", Short: "Register a public key", Args: cobra.ExactArgs(1),
		Long: `Reads a .pub file of minisign or of lessee key generate. The id is in the key; a
key stays what it is for ever. The same key again changes nothing.`,
		Example: "  lessee key add media.pub --owner media --reason 'signs what the build makes'"}
	owner := c.Flags().String("owner", "", "who holds the secret key (needed)")
	reason := c.Flags().String("reason", "", "why its signatures count (needed)")
	exitPath := c.Flags().String("exit-path", "", "how to live without it")
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *owner == "" || *reason == "" {
			return misused("--owner and --reason are needed: the row says whose key it is, and why it counts")
		}
		key, err := readPublicKey(args[0])
		if err != nil {
			return err
		}
		key.Owner, key.Reason, key.ExitPath = *owner, *reason, *exitPath
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			there, added, err := desk.AddKey(ctx, key)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(there)
			}
			verb := "is registered"
			if !added {
				verb = "was registered before"
			}
			fmt.Fprintf(a.out, "key %s of %s %s\n", there.KeyID, there.Owner, verb)
			return nil
		})
	})
	return c
}

func readPublicKey(path string) (postgres.KeyRecord, error) {
	text, err := readSmall(path)
	if err != nil {
		return postgres.KeyRecord{}, refused("read the public key: %w", err)
	}
	key, err := signature.ParseKey(string(text))
	if err != nil {
		return postgres.KeyRecord{}, refused("%s can't be registered: %w", path, err)
	}
	return postgres.KeyRecord{KeyID: key.ID, PublicKey: key.PublicKey}, nil
}

func (a *app) keySwitchCommand(use, short string, enabled bool) *cobra.Command {
	c := &cobra.Command{Use: use + " KEY", Short: short, Args: cobra.ExactArgs(1),
		Long:    "Hosts ask whose signatures count when they load a module. What they have loaded\nruns on; to stop it now, disable its classes.",
		Example: fmt.Sprintf("  lessee key %s 1B4C3CBE80A28BE6 --reason 'ticket 42'", use)}
	reason := c.Flags().String("reason", "", "why; kept in the row (needed)")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *reason == "" {
			return misused("--reason is missing: the row says why the key counts, or does not")
		}
		id, err := signature.ParseKeyID(args[0])
		if err != nil {
			return misused("%w", err)
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			if err := desk.EnableKey(ctx, id, enabled, *reason); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "key %s is %sd\n", id, use)
			return nil
		})
	})
	return c
}
