package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/signature"
)

// verification is what module verify finds.
type verification struct {
	Module string `json:"module"`
	SHA256 string `json:"sha256"`
	Found  string `json:"found"` // digest of the bytes; empty: they could not be read
	OK     bool   `json:"ok"`    // they are those that were registered, and what signatures there are is theirs
	Reason string `json:"reason"`

	Signatures []signature.Finding `json:"signatures"`
}

func (a *app) moduleVerifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "verify [MODULE…]", Short: "Hash the stored bytes again, and check who signed them",
		Long: `Reads the bytes of the modules (all, if none is named), hashes them on this
machine, and compares the outcome with the digests they are named by. Then it
checks their signatures, and says whose they are. A signature that is not of the
bytes is wrong; one by a key that does not count, and none at all, are for each
host's own setting "signatures" to judge.`,
		Example: "  lessee module verify"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			modules, err := modulesNamed(ctx, desk, args)
			if err != nil {
				return err
			}
			found := []verification{}
			for _, m := range modules {
				v, err := verify(ctx, desk, m)
				if err != nil {
					return err
				}
				found = append(found, v)
			}
			return a.printVerified(found, *asJSON)
		})
	})
	return c
}

func modulesNamed(ctx context.Context, desk *postgres.Desk, refs []string) ([]postgres.ModuleRecord, error) {
	if len(refs) == 0 {
		return desk.Modules(ctx)
	}
	modules := make([]postgres.ModuleRecord, len(refs))
	for i, ref := range refs {
		var err error
		if modules[i], err = desk.Module(ctx, ref); err != nil {
			return nil, err
		}
	}
	return modules, nil
}

func verify(ctx context.Context, desk *postgres.Desk, m postgres.ModuleRecord) (verification, error) {
	v := verification{Module: m.Name + "@" + m.Version, SHA256: m.SHA256, Signatures: []signature.Finding{}}
	data, err := storedBytes(ctx, desk, m)
	if errors.As(err, new(*fs.PathError)) { // a finding, and the others are looked at too
		v.Reason = err.Error()
		return v, nil
	}
	if err != nil {
		return v, err
	}
	if v.Signatures, err = storedFindings(ctx, desk, m, data); err != nil {
		return v, err
	}
	v.Found, v.OK = digestOf(data), true
	for _, f := range v.Signatures {
		if f.Broken() {
			v.OK, v.Reason = false, f.String()
		}
	}
	if v.Found != m.SHA256 {
		v.OK, v.Reason = false, "the bytes are not those that were registered: disable its classes, and register the module anew"
	}
	return v, nil
}

// storedBytes are a module's, from its row or from where that says they are.
func storedBytes(ctx context.Context, desk *postgres.Desk, m postgres.ModuleRecord) ([]byte, error) {
	if m.Location != nil {
		return os.ReadFile(*m.Location)
	}
	return desk.ModuleBytes(ctx, m.SHA256)
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (a *app) printVerified(found []verification, asJSON bool) error {
	rows, bad := make([][]string, len(found)), 0
	for i, v := range found {
		verdict := "ok"
		if !v.OK {
			verdict, bad = "WRONG: "+v.Reason, bad+1
		}
		rows[i] = []string{v.Module, v.SHA256[:12], cmp.Or(signers(v.Signatures), "-"), verdict}
	}
	print := func() error { return a.table([]string{"MODULE", "SHA256", "SIGNED BY", "VERDICT"}, rows) }
	if asJSON {
		print = func() error { return a.printJSON(found) }
	}
	if err := print(); err != nil || bad == 0 {
		return err
	}
	return fmt.Errorf("%d of %d modules are not what their digest or their signature says", bad, len(found))
}

// signers are the keys of a module's signatures, with what is wrong with them.
func signers(findings []signature.Finding) string {
	out := make([]string, len(findings))
	for i, f := range findings {
		out[i] = f.KeyID
		if about := cmp.Or(strings.ReplaceAll(string(f.Problem), "_", " "), f.Owner); about != "" {
			out[i] += " (" + about + ")"
		}
	}
	return strings.Join(out, ", ")
}
