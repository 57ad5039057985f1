package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/registry"
)

func (a *app) moduleAddCommand() *cobra.Command {
	c := &cobra.Command{Use: "add FILE", Short: "Register a module", Args: cobra.ExactArgs(1),
		Long: `Reads the file without running it, finds out which contract it keeps (core,
command, or grpc for a native program and for a .tar bundle with a plugin.json),
and registers it. A file that no host could run is refused with the reason. The
same bytes again change nothing. A directory with a plugin.json is registered as
the bundle that it is, and stays where it is: every host needs it in that place.

A signature in FILE.minisig is registered with it. One that is not of these
bytes is refused, if its key is registered.`,
		Example: "  lessee module add thumbnail.wasm --version 1.2.0 --reason 'fixes rotated images'"}
	name := c.Flags().String("name", "", "name (default: of the file)")
	version := c.Flags().String("version", "", "version (default: 0+ and the beginning of the digest)")
	reason := c.Flags().String("reason", "", "why it is registered")
	signed := c.Flags().String("signature", "", "file of its signature (default: FILE"+signatureSuffix+", if it is there)")
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		m, data, err := readModule(args[0], *name, *version)
		if err != nil {
			return err
		}
		m.Reason = *reason
		s, err := readSignature(args[0], *signed)
		if err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.addModule(ctx, desk, m, data, s, *asJSON) })
	})
	return c
}

// addModule registers a module, and its signature if it has one.
func (a *app) addModule(ctx context.Context, desk *postgres.Desk, m postgres.ModuleRecord, data []byte, s *registry.ModuleSignature, asJSON bool) error {
	if s != nil {
		if err := refuseBroken(ctx, desk, data, *s); err != nil {
			return err
		}
	}
	there, added, err := desk.AddModule(ctx, m, data)
	if err != nil {
		return err
	}
	if err := a.printAdded(there, added, asJSON); err != nil || s == nil {
		return err
	}
	added, err = a.storeSignature(ctx, desk, there, data, *s)
	if err == nil && !asJSON {
		a.printSigned(there, s.KeyID, added)
	}
	return err
}

var notInName = regexp.MustCompile(`[^a-z0-9_.-]+`)

// readModule reads a file and what it says of itself.
func readModule(path, name, version string) (postgres.ModuleRecord, []byte, error) {
	m, data, err := inspectModule(path)
	if err != nil {
		return m, nil, err
	}
	if name == "" {
		base := filepath.Base(path)
		name = strings.Trim(notInName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(base, filepath.Ext(base))), "-"), "-.")
	}
	if version == "" {
		version = "0+" + m.SHA256[:12]
	}
	m.Name, m.Version = name, version
	return m, data, checkModuleName(m)
}

// inspectModule finds out what a file is: WASM, a native program or bundle; or
// a bundle that stays in its directory, on every host in the same place.
func inspectModule(path string) (postgres.ModuleRecord, []byte, error) {
	if stat, err := os.Stat(path); err == nil && stat.IsDir() {
		return inspectDirectory(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return postgres.ModuleRecord{}, nil, refused("read the module: %w", err)
	}
	if process.IsNative(data) {
		info := process.Inspect(data)
		return postgres.ModuleRecord{SHA256: info.Digest, ABI: process.Contract, Size: info.Size}, data, nil
	}
	info, err := wasm.Inspect(data)
	if err != nil {
		return postgres.ModuleRecord{}, nil, refused("%s can't be a module: %w", path, err)
	}
	return postgres.ModuleRecord{SHA256: info.Digest, ABI: info.Contract, Size: info.Size}, data, nil
}

func inspectDirectory(path string) (postgres.ModuleRecord, []byte, error) {
	location, err := filepath.Abs(path)
	if err != nil {
		return postgres.ModuleRecord{}, nil, err
	}
	info, err := process.InspectDirectory(location)
	if err != nil {
		return postgres.ModuleRecord{}, nil, refused("%s can't be a bundle: %w", path, err)
	}
	return postgres.ModuleRecord{SHA256: info.Digest, ABI: process.Contract, Size: info.Size, Location: &location}, nil, nil
}

var (
	moduleName    = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,62}$`)
	moduleVersion = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$`)
)

func checkModuleName(m postgres.ModuleRecord) error {
	switch {
	case !moduleName.MatchString(m.Name):
		return refused("the name %q can't be used: it must be a lower-case letter and then up to 62 of a-z 0-9 _ . -\n  Give another --name.", m.Name)
	case !moduleVersion.MatchString(m.Version):
		return refused("the version %q can't be used: it must be up to 64 of letters, digits and . + _ -, the first a letter or digit", m.Version)
	}
	return nil
}

func (a *app) printAdded(m postgres.ModuleRecord, added, asJSON bool) error {
	if asJSON {
		return a.printJSON(m)
	}
	verb := "is registered"
	if !added {
		verb = "was registered before"
	}
	fmt.Fprintf(a.out, "module %s@%s %s\n  sha256 %s, contract %s, %s\n  use it: lessee class set CLASS --module %s@%s --reason …\n",
		m.Name, m.Version, verb, m.SHA256, m.ABI, size(m.Size), m.Name, m.Version)
	return nil
}
