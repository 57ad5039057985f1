package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

// verification is what module verify finds.
type verification struct {
	Module string `json:"module"`
	SHA256 string `json:"sha256"`
	Found  string `json:"found"` // digest of the bytes; empty: they could not be read
	OK     bool   `json:"ok"`
	Reason string `json:"reason"`
}

func (a *app) moduleVerifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "verify [MODULE…]", Short: "Hash the stored bytes again",
		Long:    "Reads the bytes of the modules (all, if none is named), hashes them on this\nmachine, and compares the outcome with the digests they are named by.",
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
	v := verification{Module: m.Name + "@" + m.Version, SHA256: m.SHA256}
	data, err := desk.ModuleBytes(ctx, m.SHA256)
	if err != nil {
		return v, err
	}
	if m.Location != nil {
		data, err = os.ReadFile(*m.Location)
	}
	if err != nil {
		v.Reason = err.Error()
		return v, nil //nolint:nilerr // a file that can't be read is a finding, and the others are looked at too
	}
	sum := sha256.Sum256(data)
	v.Found = hex.EncodeToString(sum[:])
	if v.OK = v.Found == m.SHA256; !v.OK {
		v.Reason = "the bytes are not those that were registered: disable its classes, and register the module anew"
	}
	return v, nil
}

func (a *app) printVerified(found []verification, asJSON bool) error {
	rows, bad := make([][]string, len(found)), 0
	for i, v := range found {
		verdict := "ok"
		if !v.OK {
			verdict, bad = "WRONG: "+v.Reason, bad+1
		}
		rows[i] = []string{v.Module, v.SHA256[:12], verdict}
	}
	print := func() error { return a.table([]string{"MODULE", "SHA256", "VERDICT"}, rows) }
	if asJSON {
		print = func() error { return a.printJSON(found) }
	}
	if err := print(); err != nil || bad == 0 {
		return err
	}
	return fmt.Errorf("%d of %d modules are not what their digest says", bad, len(found))
}
