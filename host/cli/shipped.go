package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// Where the shipped plugins are in the tree of files that Main is given.
const (
	renderModule = "plugins/render/render.wasm"
	dotSQL       = "plugins/dot/dot.sql"
)

// shippedOwner marks the rows that `lessee up` wrote and may change.
const shippedOwner = "lessee"

// installRender registers the class render with this release's module. A class
// that an operator pointed elsewhere, or switched off, is left as it is.
func (a *app) installRender(ctx context.Context, desk *postgres.Desk) error {
	data, err := a.renderBytes(ctx)
	if err != nil {
		return err
	}
	if data == nil {
		a.warn("no module is in this binary, and this is no checkout of its source: class render is left as it is")
		return nil
	}
	info, err := wasm.Inspect(data)
	if err != nil {
		return fmt.Errorf("the shipped module of class render: %w", err)
	}
	m := postgres.ModuleRecord{
		SHA256: info.Digest, Name: "render", Version: release + "+" + info.Digest[:12], ABI: info.Contract, Size: info.Size,
		Reason: "shipped with lessee " + release, ExitPath: "point the class at an earlier module, or disable it",
	}
	if _, _, err := desk.AddModule(ctx, m, data); err != nil {
		return err
	}
	return a.installClass(ctx, desk, postgres.ClassChange{
		Class: "render", Runtime: new("wasm"), ModuleSHA256: &m.SHA256,
		PayloadSchema: a.schema("plugins/render/payload.schema.json"), ResultSchema: a.schema("plugins/render/result.schema.json"),
		ExitPath: new("disable the class; nothing depends on it"),
	})
}

// installDot registers the command summary and the class dot that runs it.
// script runs as the migrating login, which may create a role.
func (a *app) installDot(ctx context.Context, desk *postgres.Desk, runAsMigrator func(script string) error) error {
	script, err := fs.ReadFile(a.shipped, dotSQL)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = runAsMigrator(string(script))
	}
	if err != nil {
		return fmt.Errorf("install class dot: %w", err)
	}
	return a.installClass(ctx, desk, postgres.ClassChange{
		Class: "dot", Runtime: new("command"), Command: new("summary"),
		PayloadSchema: a.schema("plugins/dot/payload.schema.json"),
		ExitPath:      new("disable the class; nothing depends on it"),
	})
}

// installClass creates a shipped class, enabled, or brings ours up to this release.
func (a *app) installClass(ctx context.Context, desk *postgres.Desk, change postgres.ClassChange) error {
	there, err := desk.Class(ctx, change.Class)
	switch {
	case postgres.KindOf(err) == postgres.KindNotFound:
		change.Enabled = new(true)
	case err != nil:
		return err
	case there.Owner != shippedOwner || current(there, change):
		return nil
	}
	change.Owner, change.Reason = new(shippedOwner), "shipped with lessee "+release
	_, err = desk.SaveClass(ctx, change)
	return err
}

// current reports whether a class runs what change would make it run.
func current(there postgres.ClassRecord, change postgres.ClassChange) bool {
	return same(there.ModuleSHA256, change.ModuleSHA256) && same(there.Command, change.Command) &&
		sameJSON(there.PayloadSchema, change.PayloadSchema) && sameJSON(there.ResultSchema, change.ResultSchema)
}

func same(a, b *string) bool { return text(a) == text(b) }

// schema is a shipped JSON Schema; nil when there is none.
func (a *app) schema(path string) []byte {
	data, err := fs.ReadFile(a.shipped, path)
	if err != nil {
		return nil
	}
	return data
}

// renderBytes is the module of class render: from a release, or built from the
// source that we are run in; nil when there is neither.
func (a *app) renderBytes(ctx context.Context) ([]byte, error) {
	data, err := fs.ReadFile(a.shipped, renderModule)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	root, err := checkout()
	if root == "" || err != nil {
		return nil, err
	}
	a.progress("building plugins/render")
	return build(ctx, root)
}

// checkout is the directory of our source, if we are run in it; empty when not.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module github.com/lessee-run/lessee\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// build makes the module with the flags that give the same bytes on every machine.
func build(ctx context.Context, root string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "lessee-build-")
	if err != nil {
		return nil, fmt.Errorf("build plugins/render: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "render.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-buildmode=c-shared", "-o", file, "./plugins/render")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build plugins/render: %w\n%s", err, output)
	}
	return os.ReadFile(file)
}

// sameJSON reports whether two documents say the same, however they are written.
func sameJSON(a, b []byte) bool {
	var x, y any
	if len(a) > 0 && json.Unmarshal(a, &x) != nil || len(b) > 0 && json.Unmarshal(b, &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}
