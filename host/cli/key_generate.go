package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/signature"
)

const keyGenerateLong = `Makes a pair of keys in the format of minisign. The secret one goes to FILE
(default: lessee.key), the public one beside it, as .pub. Neither is written over
a file that is there.

The secret key is encrypted under a password, which is asked for, or the first
line of --password-file. That takes seconds and 1 GiB of memory, as does every
use, so that guessing does too. Without a password (--no-password), who reads the
file can sign.`

func (a *app) keyGenerateCommand() *cobra.Command {
	c := &cobra.Command{Use: "generate [FILE]", Short: "Make a pair of keys to sign modules with", Long: keyGenerateLong, Args: cobra.MaximumNArgs(1),
		Example: "  lessee key generate media.key\n  lessee key generate build.key --no-password   # for a machine that keeps it secret by itself"}
	password := passwordFlag(c)
	plain := c.Flags().Bool("no-password", false, "write the secret key as it is")
	c.MarkFlagsMutuallyExclusive("password-file", "no-password")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		path := "lessee.key"
		if len(args) > 0 {
			path = args[0]
		}
		word := ""
		if !*plain {
			var err error
			if word, err = a.newPassword(ctx, *password); err != nil {
				return err
			}
		}
		return a.generateKey(path, word)
	})
	return c
}

func (a *app) generateKey(path, password string) error {
	public := strings.TrimSuffix(path, ".key") + ".pub"
	if err := cmp.Or(absent(path), absent(public)); err != nil { // asked first: the key may take seconds
		return err
	}
	if password != "" {
		a.progress("deriving a key from the password")
	}
	secretText, publicText, err := signature.Generate(password)
	if err != nil {
		return err
	}
	key, err := signature.ParseKey(string(publicText))
	if err != nil {
		return err
	}
	if err := writeNew(public, publicText, 0o644); err != nil {
		return err
	}
	if err := writeNew(path, secretText, 0o600); err != nil {
		return errors.Join(err, os.Remove(public))
	}
	fmt.Fprintf(a.out, "key %s\n  secret: %s\n  public: %s\n  sign:     lessee module sign MODULE --key %s\n  register: lessee key add %s --owner … --reason …\n", key.ID, path, public, path, public)
	return nil
}

// absent refuses to write over what is there.
func absent(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return refused("%s is there already: name another file", path)
	}
	return nil
}

func writeNew(path string, data []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return refused("write the key: %w", err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(refused("write the key: %w", err), os.Remove(path))
	}
	return nil
}
