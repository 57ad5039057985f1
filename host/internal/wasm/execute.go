package wasm

import (
	"context"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
)

// Execute runs one attempt, envelope in, result out, in an instance that is as
// the module was after its initialisation. The error is nil or an *abi.Error.
// What the guest says meanwhile goes to sink, from this goroutine. When ctx
// ends, so does the guest; if the cause of ctx is an *abi.Error, that is the
// error.
func (m *Module) Execute(ctx context.Context, envelope []byte, limits abi.Limits, sink abi.Sink) (abi.Result, abi.Usage, error) {
	a := newAttempt(limits, sink)
	result, err := m.execute(ctx, a, envelope)
	a.flush()
	if err != nil {
		return abi.Result{}, a.usage(), err
	}
	return result, a.usage(), nil
}

func (m *Module) execute(ctx context.Context, a *attempt, envelope []byte) (abi.Result, error) {
	if m.info.Contract == ContractCommand {
		return m.executeCommand(ctx, a, envelope)
	}
	return m.executeCore(ctx, a, envelope)
}

// within gives an instance to use, ready to be called, and sees to what
// becomes of it: an attempt that ended by itself leaves one that can be
// restored, any other one that can't be trusted.
func (m *Module) within(ctx context.Context, a *attempt, use func(context.Context, *instance) error) error {
	return m.guarded(ctx, a, func(ctx context.Context) error {
		i, err := m.ready(ctx, a)
		if err != nil {
			return err
		}
		clean := false
		defer func() {
			i.end(a)
			m.putBack(a, i, clean)
		}()
		i.begin(ctx, a)
		if err := use(ctx, i); err != nil {
			return err
		}
		if a.budget.Over(int64(i.fuel.Get())) {
			return a.outOfFuel()
		}
		clean = true
		return nil
	})
}

// ready returns an instance for an attempt: a kept one, a new one that will be
// kept, or for a cold module one that is yet to be initialised.
func (m *Module) ready(ctx context.Context, a *attempt) (*instance, error) {
	if m.snapshot == nil {
		return m.instantiate(ctx, a)
	}
	if i := m.kept.take(a.limits.MemoryBytes); i != nil {
		return i, nil
	}
	i, err := m.instantiate(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := m.keep(i); err != nil {
		m.closeInstance(i)
		return nil, err
	}
	return i, nil
}

// putBack keeps an instance for the next attempt, after it was restored.
func (m *Module) putBack(a *attempt, i *instance, clean bool) {
	if clean && m.snapshot != nil && !i.region.Grown() && m.restore(i) == nil && m.kept.put(a.limits.MemoryBytes, i) {
		return
	}
	m.closeInstance(i)
}

func (m *Module) closeInstance(i *instance) {
	if err := i.close(); err != nil {
		m.engine.config.Log.Warn("an instance could not be closed", zap.String("module", m.info.Digest), zap.Error(err))
	}
}
