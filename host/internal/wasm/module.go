package wasm

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
)

// Module is a loaded module. It is safe for concurrent use, but for Close.
type Module struct {
	info     Info
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

// Load admits a module: its bytes must have the digest, its contract must be
// known, its imports provided, and its ABI version the host's. The error says
// which of that fails and what to do. Loading takes a second or so for a
// module of some megabytes, less when the cache knows it.
func (e *Engine) Load(ctx context.Context, digest string, binary []byte) (*Module, error) {
	if size := int64(len(binary)); size > e.config.MaxModuleBytes {
		return nil, fmt.Errorf("the module has %d bytes, the host takes up to %d: strip it (-ldflags='-s -w')", size, e.config.MaxModuleBytes)
	}
	if got := digestOf(binary); got != digest {
		return nil, fmt.Errorf("the bytes have digest %s, not %s: the module was damaged or replaced. Add it again", got, digest)
	}
	info, err := Inspect(binary)
	if err != nil {
		return nil, err
	}
	compiled, err := e.compile(ctx, binary)
	if err != nil {
		return nil, fmt.Errorf("compile the module: %w", err)
	}
	m := &Module{info: info, runtime: e.runtime, compiled: compiled}
	if err := m.probe(ctx); err != nil {
		_ = compiled.Close(ctx) // the reason for the refusal matters more
		return nil, err
	}
	return m, nil
}

// ABI is the module's contract: [ContractCore] or [ContractCommand].
func (m *Module) ABI() string { return m.info.Contract }

// Close frees the compiled code. The caller drains first: no Execute may be
// running, and none may follow.
func (m *Module) Close(ctx context.Context) error { return m.compiled.Close(ctx) }

// probeLimits bound what a module may do before it has a class.
func probeLimits() abi.Limits {
	return abi.Limits{WallMS: 10_000, MemoryBytes: 1 << 30, LogBytes: 64 << 10}
}

// probe instantiates the module once: that links its imports, and a core
// module then tells its ABI version.
func (m *Module) probe(ctx context.Context) error {
	a := newAttempt(probeLimits(), discard{})
	var version uint32
	err := m.within(ctx, a, func(ctx context.Context, instance api.Module) (err error) {
		if m.info.Contract == ContractCore {
			version, err = askVersion(ctx, instance)
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("start the module: %w", err)
	case m.info.Contract == ContractCore && version != abi.Version:
		return abi.Errorf(abi.CodeABIMismatch, "the module speaks ABI v%d, this host v%d: build it with the SDK of the host's release, or change the host's", version, abi.Version)
	}
	return nil
}

type discard struct{}

func (discard) Log(abi.Level, string) {}
func (discard) Progress(int, string)  {}
