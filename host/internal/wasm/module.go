package wasm

import (
	"context"
	"errors"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// Module is a loaded module. It is safe for concurrent use, but for Close.
type Module struct {
	engine   *Engine
	info     Info
	facts    meter.Facts
	names    map[uint32]string // of functions in the rewritten module
	code     *code
	codeSize int64 // of the rewritten module, in bytes
	reseeds  bool
	snapshot *snapshot // nil: every attempt initialises an instance of its own
	cold     string    // why
	kept     pool
}

// ABI is the module's contract: [ContractCore] or [ContractCommand].
func (m *Module) ABI() string { return m.info.Contract }

// Manifest is what the module says of itself; nil when it carries no manifest.
func (m *Module) Manifest() *abi.Manifest { return m.info.Manifest }

// Cold says why every attempt has to initialise an instance of its own. Empty:
// instances are kept, and restored after each attempt.
func (m *Module) Cold() string { return m.cold }

// Close frees the compiled code and the kept instances. The caller drains
// first: no Execute may be running, and none may follow.
func (m *Module) Close(context.Context) error {
	err := m.kept.close()
	if m.snapshot != nil {
		err = errors.Join(err, m.snapshot.image.Close())
	}
	if m.code != nil {
		err = errors.Join(err, m.code.close())
		m.engine.retire(m.codeSize)
	}
	return err
}

// guarded runs f under the attempt's wall limit. Every failure comes back as
// an *abi.Error, and a panic of the engine does too.
func (m *Module) guarded(ctx context.Context, a *attempt, f func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = abi.Errorf(abi.CodeGuestTrap, "the engine panicked while it ran the module: %v", cause)
		}
	}()
	a.start()
	if ctx.Err() != nil {
		return causeOf(ctx)
	}
	if err := f(context.WithValue(ctx, attemptKey{}, a)); err != nil {
		return m.verdict(ctx, a, err)
	}
	return nil
}
