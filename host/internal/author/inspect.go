package author

import (
	"context"
	"slices"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// Outline is what a file says of itself, and what a host would say to it.
type Outline struct {
	SHA256       string        `json:"sha256"`
	Size         int64         `json:"size"`
	Contract     string        `json:"contract,omitempty"` // absent: it is refused
	Imports      []string      `json:"imports"`
	Exports      []string      `json:"exports"`
	MemoryBytes  int64         `json:"memory_bytes"` // that it starts with
	MeteredBytes int64         `json:"metered_bytes,omitempty"`
	Manifest     *abi.Manifest `json:"manifest,omitempty"`
	Refused      string        `json:"refused,omitempty"` // why no host would run it
	Cold         string        `json:"cold,omitempty"`    // why each job would start it anew
	LoadMS       int64         `json:"load_ms,omitempty"`
}

// Inspect tells about a file. With admit it is also started once, as a
// host does.
func Inspect(ctx context.Context, w *Workshop, binary []byte, admit bool) (Outline, error) {
	info, err := Identify(binary)
	o := outlineOf(info)
	switch {
	case err != nil:
		o = refusedOutline(ctx, binary)
	case info.Contract != ContractNative:
		o.MeteredBytes, err = metered(binary)
	}
	if err == nil && admit {
		err = o.admit(ctx, w, binary)
	}
	if err != nil {
		o.Refused = err.Error()
	}
	return o, ctx.Err()
}

func outlineOf(info wasm.Info) Outline {
	return Outline{SHA256: info.Digest, Size: info.Size, Contract: info.Contract, Imports: info.Imports, Exports: info.Exports, MemoryBytes: info.MemoryBytes, Manifest: info.Manifest}
}

// metered is the size of a module that counts its work.
func metered(binary []byte) (int64, error) {
	result, err := meter.Rewrite(binary, meter.Options{ExportGlobals: true})
	return int64(len(result.Module)), err
}

// admit starts the module once.
func (o *Outline) admit(ctx context.Context, w *Workshop, binary []byte) error {
	m, err := w.Load(ctx, binary)
	if err != nil {
		return err
	}
	o.Cold, o.LoadMS, o.Manifest = m.Cold(), m.Took.Milliseconds(), m.Info.Manifest
	return m.Close(ctx)
}

// refusedOutline is what can be told of a file that breaks the contract: all
// of it, if it is WebAssembly at least.
func refusedOutline(ctx context.Context, binary []byte) Outline {
	o := Outline{SHA256: digestOf(binary), Size: int64(len(binary))}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx) //nolint:errcheck // it ran nothing
	m, err := r.CompileModule(ctx, binary)
	if err != nil {
		return o
	}
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		o.Imports = append(o.Imports, module+"."+name)
	}
	for name := range m.ExportedFunctions() {
		o.Exports = append(o.Exports, name)
	}
	for name, memory := range m.ExportedMemories() {
		o.Exports = append(o.Exports, name)
		o.MemoryBytes = int64(memory.Min()) << 16
	}
	slices.Sort(o.Imports)
	slices.Sort(o.Exports)
	return o
}
