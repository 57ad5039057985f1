package wasm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// Module is a loaded module. It is safe for concurrent use, but for Close.
type Module struct {
	engine   *Engine
	info     Info
	facts    meter.Facts
	names    map[uint32]string // of functions in the rewritten module
	compiled wazero.CompiledModule
	reseeds  bool
	snapshot *snapshot // nil: every attempt initialises an instance of its own
	cold     string    // why
	kept     pool
}

// Load admits a module: its bytes must have the digest, its contract must be
// known, its imports provided, and its ABI version the host's. It is rewritten
// so that it is metered, compiled, initialised once, and its state kept. The
// error says which of that fails and what to do. Loading takes a second or so
// for a module of some megabytes, less when the cache knows it.
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
	metered, err := meter.Rewrite(binary, meter.Options{ExportGlobals: true})
	if err != nil {
		return nil, fmt.Errorf("meter the module: %w", err)
	}
	compiled, err := e.compile(ctx, metered.Module)
	if err != nil {
		return nil, fmt.Errorf("compile the module: %w", err)
	}
	m := &Module{engine: e, info: info, facts: metered.Facts, names: metered.Names, compiled: compiled, cold: coldReason(info.Contract, metered.Facts)}
	_, m.reseeds = compiled.ExportedFunctions()[abi.ExportReseed]
	if err := m.prepare(ctx); err != nil {
		_ = compiled.Close(ctx) // the reason for the refusal matters more
		return nil, err
	}
	return m, nil
}

// ABI is the module's contract: [ContractCore] or [ContractCommand].
func (m *Module) ABI() string { return m.info.Contract }

// Cold says why every attempt has to initialise an instance of its own. Empty:
// instances are kept, and restored after each attempt.
func (m *Module) Cold() string { return m.cold }

// Close frees the compiled code and the kept instances. The caller drains
// first: no Execute may be running, and none may follow.
func (m *Module) Close(ctx context.Context) error {
	err := m.kept.close()
	if m.snapshot != nil {
		err = errors.Join(err, m.snapshot.image.Close())
	}
	return errors.Join(err, m.compiled.Close(ctx))
}

// prepareLimits bound what a module may do before it has a class.
func prepareLimits() abi.Limits {
	limits := abi.DefaultLimits()
	limits.WallMS, limits.MemoryBytes = 10_000, 1<<30
	return limits
}

// prepare instantiates the module once. That links its imports; a core module
// then initialises, tells its ABI version, and has its state kept.
func (m *Module) prepare(ctx context.Context) error {
	var version uint32
	a := newAttempt(prepareLimits(), discard{})
	a.stdout = &stream{log: &a.log}
	err := m.guarded(ctx, a, func(ctx context.Context) error {
		i, err := m.instantiate(ctx, a)
		if err != nil || m.info.Contract != ContractCore {
			return errors.Join(err, closeIf(i))
		}
		i.begin(ctx, a)
		defer func() { i.end(a); err = errors.Join(err, i.close()) }()
		if version, err = askVersion(ctx, i); err != nil || version != abi.Version || m.cold != "" {
			return err
		}
		if m.snapshot, err = m.take(i); err != nil {
			m.cold = "its state could not be kept: " + err.Error()
			m.engine.config.Log.Warn("a module runs cold", zap.String("module", m.info.Digest), zap.Error(err))
		}
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("start the module: %w", err)
	case m.info.Contract == ContractCore && version != abi.Version:
		return abi.Errorf(abi.CodeABIMismatch, "the module speaks ABI v%d, this host v%d: build it with the SDK of the host's release, or change the host's", version, abi.Version)
	}
	return nil
}

func closeIf(i *instance) error {
	if i == nil {
		return nil
	}
	return i.close()
}

type discard struct{}

func (discard) Log(abi.Level, string) {}

func (discard) Progress(int, string) {}

// guarded runs f under the attempt's wall limit. Every failure comes back as
// an *abi.Error, and a panic of the engine does too.
func (m *Module) guarded(ctx context.Context, a *attempt, f func(context.Context) error) (err error) {
	wall := abi.Errorf(abi.CodeLimitWall, "the attempt took longer than its limit of %s (wall_ms)", a.limits.Wall())
	ctx, cancel := context.WithTimeoutCause(ctx, a.limits.Wall(), wall)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = abi.Errorf(abi.CodeGuestTrap, "the engine panicked while it ran the module: %v", cause)
		}
	}()
	if ctx.Err() != nil {
		return causeOf(ctx)
	}
	a.started = time.Now()
	if err := f(context.WithValue(ctx, attemptKey{}, a)); err != nil {
		return m.verdict(ctx, a, err)
	}
	return nil
}
