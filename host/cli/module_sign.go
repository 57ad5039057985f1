package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/registry"
)

const moduleSignLong = `Signs a module with a secret key, which never leaves this machine.

A file gets its signature beside it, as FILE.minisig; lessee module add takes it
along, and minisign -V checks it. A registered module, which is named by
NAME@VERSION or by its sha256, gets it as a row, after its bytes were read and
hashed here. A key signs a module once.`

const moduleSignExample = `  lessee module sign thumbnail.wasm --key media.key
  lessee module sign thumbnail@1.2.0 --key media.key --password-file /run/secrets/media`

func (a *app) moduleSignCommand() *cobra.Command {
	c := &cobra.Command{Use: "sign FILE|MODULE", Short: "Sign a module", Long: moduleSignLong, Example: moduleSignExample, Args: cobra.ExactArgs(1)}
	key := c.Flags().String("key", "", "file of the secret key (needed); lessee key generate makes one")
	password := passwordFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *key == "" {
			return misused("--key is missing: it names the secret key's file; lessee key generate makes one")
		}
		data, err := os.ReadFile(args[0])
		registered := errors.Is(err, fs.ErrNotExist) && namesRegistered(args[0])
		if err != nil && !registered {
			return refused("read the module: %w", err)
		}
		signer, err := a.openSigner(ctx, *key, *password)
		if err != nil {
			return err
		}
		if !registered {
			return a.signFile(signer, args[0], data)
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.signRegistered(ctx, desk, signer, args[0]) })
	})
	return c
}

// namesRegistered tells a NAME@VERSION and a digest from a file.
func namesRegistered(arg string) bool {
	return !strings.ContainsRune(arg, filepath.Separator) && (strings.Contains(arg, "@") || filepath.Ext(arg) == "")
}

func (a *app) openSigner(ctx context.Context, path, passwordFile string) (signer signature.Signer, err error) {
	secret, err := readSmall(path)
	if err != nil {
		return signer, refused("read the secret key: %w", err)
	}
	password := ""
	if signature.Protected(secret) {
		if password, err = a.password(ctx, passwordFile); err != nil {
			return signer, err
		}
		a.progress("deriving a key from the password")
	}
	if signer, err = signature.Open(secret, password); err != nil {
		return signer, refused("%s can't be used: %w", path, err)
	}
	return signer, nil
}

func (a *app) signFile(signer signature.Signer, path string, data []byte) error {
	s, err := signer.Sign(data, filepath.Base(path), time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+signatureSuffix, []byte(s.Text), 0o644); err != nil {
		return refused("write the signature: %w", err)
	}
	fmt.Fprintf(a.out, "%s is signed by key %s\n  signature: %s\n  register both: lessee module add %s\n", path, s.KeyID, path+signatureSuffix, path)
	return nil
}

func (a *app) signRegistered(ctx context.Context, desk *postgres.Desk, signer signature.Signer, ref string) error {
	m, err := desk.Module(ctx, ref)
	if err != nil {
		return err
	}
	data, err := storedBytes(ctx, desk, m)
	if err != nil {
		return err
	}
	if found := digestOf(data); found != m.SHA256 {
		return refused("module %s@%s: its bytes have the sha256 %s, so they are not those that were registered\n  Disable its classes, and register the module anew.", m.Name, m.Version, found)
	}
	s, err := signer.Sign(data, m.Name+"@"+m.Version, time.Now())
	if err != nil {
		return err
	}
	added, err := a.storeSignature(ctx, desk, m, data, s)
	if err == nil {
		a.printSigned(m, s.KeyID, added)
	}
	return err
}

// storeSignature adds a signature of a registered module, unless its key has
// signed it before, and tells why it doesn't count, if it doesn't.
func (a *app) storeSignature(ctx context.Context, desk *postgres.Desk, m postgres.ModuleRecord, data []byte, s registry.ModuleSignature) (added bool, err error) {
	if added, err = desk.AddSignature(ctx, m.SHA256, s); err != nil {
		return false, err
	}
	findings, err := storedFindings(ctx, desk, m, data)
	if err != nil {
		return false, err
	}
	for _, f := range findings {
		switch {
		case f.KeyID != s.KeyID || f.Problem == signature.None:
		case f.Broken():
			return false, refused("module %s@%s: %s", m.Name, m.Version, f)
		default:
			a.warn("module %s@%s: %s", m.Name, m.Version, f)
		}
	}
	return added, nil
}

func (a *app) printSigned(m postgres.ModuleRecord, keyID string, added bool) {
	verb := "is"
	if !added {
		verb = "was before"
	}
	fmt.Fprintf(a.out, "module %s@%s %s signed by key %s\n", m.Name, m.Version, verb, keyID)
}
