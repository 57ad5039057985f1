package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/author/oci"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/registry"
)

const pluginPushLong = `Registers a module in the database, with the name and version of its manifest and
the signature beside it; a plugin's folder is built first if its sources are newer.
--class points a class at it, and waits until the hosts run jobs on it; with
--create the class is made and enabled if it is not there.

A version never means other bytes. While you try things, --dev adds the beginning
of the digest to the version, so that every build has one of its own.

With an address oci://registry/repository:tag the module goes to a registry of
OCI artifacts instead, and its signature with it. docker login keeps the logins.`

const pluginPushExample = `  lessee plugin push --class greet --create --reason 'first version'
  lessee plugin push ./greet --dev --class greet --reason 'try the new wording'
  lessee plugin push greet.wasm oci://ghcr.io/me/greet:0.1.0`

type pushFlags struct {
	name, version, class, reason, owner string
	dev, create                         bool
	wait                                *time.Duration
}

func (a *app) pluginPushCommand() *cobra.Command {
	c := &cobra.Command{Use: "push [DIR|FILE] [oci://ADDRESS]", Short: "Register a module, or send it to an OCI registry", Args: cobra.MaximumNArgs(2),
		Long: pluginPushLong, Example: pluginPushExample}
	var f pushFlags
	flags := c.Flags()
	flags.StringVar(&f.name, "name", "", "name (default: the manifest's, or the file's)")
	flags.StringVar(&f.version, "version", "", "version (default: the manifest's, or 0+ and the beginning of the digest)")
	flags.BoolVar(&f.dev, "dev", false, "add the beginning of the digest to the version")
	flags.StringVar(&f.class, "class", "", "class to point at it")
	flags.BoolVar(&f.create, "create", false, "with --class: make and enable the class if it is not there")
	flags.StringVar(&f.owner, "owner", "", "with --create: who answers for the class (default: you)")
	flags.StringVar(&f.reason, "reason", "", "why; kept in the rows (needed with --class)")
	f.wait = waitFlag(c)
	cache := cacheFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if f.class != "" && f.reason == "" {
			return misused("--reason is missing: the row says why the class is as it is")
		}
		address := ""
		if n := len(args); n > 0 && oci.IsAddress(args[n-1]) {
			args, address = args[:n-1], args[n-1]
		} else if n > 1 {
			return misused("%s is no address: it must be %sregistry/repository:tag", args[1], oci.Scheme)
		}
		t, err := targetOf(args)
		if err != nil {
			return err
		}
		if err := a.inWorkshop(ctx, *cache, func(w *author.Workshop) error { _, err := a.module(ctx, w, t); return err }); err != nil {
			return err
		}
		m, data, err := f.record(t)
		if err != nil {
			return err
		}
		if address != "" {
			return a.pushArtifact(ctx, t.file, address, m, data)
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.pushModule(ctx, desk, f, t.file, m, data) })
	})
	return c
}

// record is the row of a module; flags come before its manifest, and that before its file.
func (f pushFlags) record(t target) (m postgres.ModuleRecord, data []byte, err error) {
	if data, err = os.ReadFile(t.file); err != nil {
		return m, nil, refused("read the module: %w", err)
	}
	name, version := f.name, f.version
	info, err := author.Identify(data)
	if err == nil && info.Manifest != nil { // readModule refuses what can't be inspected
		name, version = cmp.Or(name, info.Manifest.Name), cmp.Or(version, info.Manifest.Version)
	}
	if t.project != nil { // a program tells its name only when it runs, and a build has held it to the folder's
		name, version = cmp.Or(name, t.project.Name), cmp.Or(version, t.project.Version)
	}
	if f.dev && version != "" {
		version += "+" + info.Digest[:12]
	}
	m, data, err = readModule(t.file, name, version)
	m.Reason = f.reason
	return m, data, err
}

func (a *app) pushModule(ctx context.Context, desk *postgres.Desk, f pushFlags, file string, m postgres.ModuleRecord, data []byte) error {
	s, err := readSignature(file, "")
	if err != nil {
		return err
	}
	if err := a.addModule(ctx, desk, m, data, s, false); err != nil {
		if postgres.KindOf(err) == postgres.KindConflict {
			err = fmt.Errorf("%w\n  Raise the version in %s, or add --dev while you try things", err, author.ProjectFile)
		}
		return err
	}
	if f.class == "" {
		return nil
	}
	return a.pointClass(ctx, desk, f, m)
}

// pointClass makes a class run a module that is registered.
func (a *app) pointClass(ctx context.Context, desk *postgres.Desk, f pushFlags, m postgres.ModuleRecord) error {
	change := postgres.ClassChange{Class: f.class, Reason: f.reason, ModuleSHA256: &m.SHA256}
	_, err := desk.Class(ctx, f.class)
	switch {
	case err == nil:
		return a.saveClass(ctx, desk, change, "", *f.wait)
	case postgres.KindOf(err) != postgres.KindNotFound:
		return err
	case !f.create:
		return fmt.Errorf("%w\n  Or add --create, which makes and enables it", err)
	}
	change.Runtime, change.Enabled, change.Owner = new(runtimeOf(m)), new(true), new(cmp.Or(f.owner, a.env("USER"), "author"))
	if _, err := desk.SaveClass(ctx, change); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "class %s is registered and enabled\n", f.class)
	return a.awaitReady(ctx, desk, f.class, *f.wait)
}

// runtimeOf is the runtime that runs a module.
func runtimeOf(m postgres.ModuleRecord) string {
	if m.ABI == author.ContractNative {
		return string(registry.RuntimeGoPlugin)
	}
	return string(registry.RuntimeWASM)
}

// awaitReady waits until a host has said what it makes of a class.
func (a *app) awaitReady(ctx context.Context, desk *postgres.Desk, class string, timeout time.Duration) error {
	began := time.Now()
	for pause := 20 * time.Millisecond; time.Since(began) < timeout; pause = min(pause*3/2, 500*time.Millisecond) {
		k, err := desk.Class(ctx, class)
		switch {
		case err != nil:
			return err
		case k.Status == string(registry.StatusBroken):
			return refused("no host can run class %s: %s", class, k.StatusReason)
		case k.Status == string(registry.StatusActive):
			fmt.Fprintf(a.out, "a host runs it (after %s)\n  try it: %s job enqueue %s --payload '{…}' --wait\n", span(time.Since(began)), a.program(), class)
			return nil
		case noHostAtAll(ctx, desk):
			fmt.Fprintln(a.out, "no host runs now; the first one will take it up. `lessee up` starts one here")
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	a.warn("no host has said yet what it makes of class %s: lessee class show %s tells", class, class)
	return nil
}

func noHostAtAll(ctx context.Context, desk *postgres.Desk) bool {
	hosts, err := desk.Hosts(ctx)
	return err == nil && len(hosts) == 0
}

func (a *app) pushArtifact(ctx context.Context, file, address string, m postgres.ModuleRecord, data []byte) error {
	artifact := oci.Artifact{Module: data, Name: m.Name, Version: m.Version}
	s, err := readSignature(file, "")
	if err != nil {
		return err
	}
	if s != nil {
		artifact.Signatures = []string{s.Text}
	}
	digest, err := oci.Push(ctx, address, artifact)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s@%s is at %s\n  artifact %s, %d signatures\n  fetch it: lessee plugin pull %s\n", m.Name, m.Version, address, digest, len(artifact.Signatures), address)
	return nil
}

// absentOrSame reports a file that holds something else than data.
func absentOrSame(file string, data []byte) error {
	there, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case string(there) != string(data):
		return refused("%s is there, and holds something else: give another --output, or remove it", file)
	}
	return nil
}
