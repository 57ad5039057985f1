package author

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/registry"
)

// Built is what a build made.
type Built struct {
	Path     string           `json:"path"`
	SHA256   string           `json:"sha256"`
	Size     int64            `json:"size"`
	Contract string           `json:"contract"`
	Manifest abi.Manifest     `json:"manifest"`
	Stages   []registry.Stage `json:"stages"` // of its admission, as a host goes through it
	Notes    []string         `json:"notes"`  // what it works with, and could do better
	MS       int64            `json:"ms"`
}

// ErrRefused says that a host would not admit what was built.
var ErrRefused = errors.New("no host would run what was built")

// Build makes the product of p: compiled, inspected, its manifest packed in,
// and admitted by w as a host would. Words of the compiler go to said. A build
// that fails leaves the product of the last one that did not.
func Build(ctx context.Context, w *Workshop, p *Project, said io.Writer) (Built, error) {
	began := time.Now()
	module, err := p.compile(ctx, said)
	if err != nil {
		return Built{}, err
	}
	identify := Identify
	if slices.Contains(Languages(), p.Language) {
		identify = wasm.Inspect // which says how to build for WASM what was not
	}
	info, err := identify(module)
	if err != nil {
		return Built{}, p.refuse(err)
	}
	b := Built{Path: p.Product(), Contract: info.Contract, Notes: []string{}}
	if info.Contract != ContractNative {
		if b.Manifest, err = p.describe(ctx, info, said); err != nil {
			return Built{}, err
		}
		if module, err = wasm.WithManifest(module, b.Manifest); err != nil {
			return Built{}, fmt.Errorf("pack the manifest into the module: %w", err)
		}
	}
	b.SHA256, b.Size = digestOf(module), int64(len(module))
	if err := b.admit(ctx, w, p, module); err != nil {
		return Built{}, err
	}
	b.MS = time.Since(began).Milliseconds()
	return b, replaceFile(b.Path, module)
}

// admit lets the engine take the module, and says what it has to say.
func (b *Built) admit(ctx context.Context, w *Workshop, p *Project, module []byte) error {
	loaded, err := w.Load(ctx, module)
	if err != nil {
		return p.refuse(err)
	}
	b.Stages = loaded.Stages
	if b.Contract == ContractNative {
		if loaded.Info.Manifest != nil {
			b.Manifest = *loaded.Info.Manifest
		}
		return errors.Join(p.agrees(loaded.Info.Manifest), loaded.Close(ctx))
	}
	if b.Contract == wasm.ContractCommand && p.Language == Go && len(p.Build) > 0 {
		b.Notes = append(b.Notes, "the module is a program that reads stdin (contract command), so every job starts it anew. Was -buildmode=c-shared forgotten? The SDK's exports come with it, and its state is kept from job to job")
	} else if cold := loaded.Cold(); cold != "" {
		b.Notes = append(b.Notes, "every job starts the module anew: "+cold)
	}
	return loaded.Close(ctx)
}

// refuse is an error of admission, with the remedy in the author's terms.
func (p *Project) refuse(err error) error {
	remedy := ""
	told := (*abi.Error)(nil)
	switch {
	case errors.As(err, &told) && told.Code == abi.CodeABIMismatch:
		remedy = "\n  To put this release's SDK into the plugin: lessee plugin sdk " + p.Dir
	case errors.As(err, &told): // the module runs, and fails at it
	case p.Language.entry() != "":
		remedy = "\n  In " + string(p.Language) + ": " + p.Language.entry()
	}
	return fmt.Errorf("%w: %w%s", ErrRefused, err, remedy)
}

func digestOf(module []byte) string {
	sum := sha256.Sum256(module)
	return hex.EncodeToString(sum[:])
}

// replaceFile writes a file so that who reads it sees the old or the new one.
func replaceFile(name string, data []byte) error {
	temporary := name + ".new"
	if err := os.WriteFile(temporary, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}
