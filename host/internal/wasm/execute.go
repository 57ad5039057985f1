package wasm

import (
	"context"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Execute runs one attempt of class, envelope in, result out, under its limits.
// The instance is as the module was after its initialisation, unless the
// class asks for one that its own earlier attempts have used. The error is nil
// or an *abi.Error. What the guest says meanwhile goes to sink, from this
// goroutine. When ctx ends, so does the guest; if the cause of ctx is an
// *abi.Error, that is the error.
func (m *Module) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	a := newAttempt(class.Limits, sink)
	a.shelf, a.manifest = m.shelfOf(class), m.Manifest()
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
// restored or used on, any other one that can't be trusted.
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

// ready returns an instance for an attempt: a kept one, a new one that starts
// from the snapshot, or for a cold module one that is yet to be initialised.
func (m *Module) ready(ctx context.Context, a *attempt) (*instance, error) {
	if i := m.kept.take(a.shelf); i != nil {
		return i, nil
	}
	i, err := m.instantiate(ctx, a)
	if err != nil || m.snapshot == nil {
		return i, err
	}
	if err := m.keep(i); err != nil {
		m.closeInstance(i)
		return nil, err
	}
	return i, nil
}

// putBack keeps an instance for the next attempt.
func (m *Module) putBack(a *attempt, i *instance, clean bool) {
	if clean && m.refresh(a, i) && m.kept.put(a.shelf, i) {
		return
	}
	m.closeInstance(i)
}

// refresh makes an instance what the next attempt of its shelf expects.
func (m *Module) refresh(a *attempt, i *instance) bool {
	if a.shelf.reused() {
		i.used = true
		return !a.failed
	}
	return m.snapshot != nil && !i.region.Grown() && m.restore(i) == nil
}

func (m *Module) closeInstance(i *instance) {
	if err := i.close(); err != nil {
		m.engine.config.Log.Warn("an instance could not be closed", zap.String("module", m.info.Digest), zap.Error(err))
	}
}
