package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
)

// selfTest restores an instance and compares it with the snapshot. Where that
// fails, the module runs cold: slower, as clean.
func (a *admission) selfTest(ctx context.Context) error {
	m := a.module
	if m.snapshot == nil {
		return skipped{"no state is kept: " + m.cold}
	}
	err := m.tryRestore(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	m.engine.config.Log.Warn("a module runs cold", zap.String("module", m.info.Digest), zap.Error(err))
	err = errors.Join(err, m.snapshot.image.Close())
	m.snapshot, m.cold = nil, "its state can't be restored on this host: "+err.Error()
	return skipped{m.cold}
}

// tryRestore makes an instance as a job would get it, restores it after a call,
// and again after every byte of it was changed.
func (m *Module) tryRestore(ctx context.Context) error {
	attempt := newPreparation()
	return m.guarded(ctx, attempt, func(ctx context.Context) (err error) {
		i, err := m.ready(ctx, attempt)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, i.close()) }()
		return during(ctx, i, attempt, m.restoresAfterAll)
	})
}

func (m *Module) restoresAfterAll(ctx context.Context, i *instance) error {
	if _, err := i.call(ctx, abi.ExportABIVersion); err != nil {
		return err
	}
	if err := m.restoresTo(i); err != nil {
		return fmt.Errorf("after a call: %w", err)
	}
	i.scribble()
	if err := m.restoresTo(i); err != nil {
		return fmt.Errorf("after every byte was changed: %w", err)
	}
	return nil
}

// restoresTo restores the instance, and says in what it differs from the snapshot.
func (m *Module) restoresTo(i *instance) error {
	if err := m.restore(i); err != nil {
		return err
	}
	return m.snapshot.compare(i)
}

func (s *snapshot) compare(i *instance) error {
	memory, _ := i.module.Memory().Read(0, i.module.Memory().Size())
	if !bytes.Equal(memory, s.image.Bytes()) {
		return fmt.Errorf("%d bytes of memory are not the %d of the snapshot", len(memory), s.image.Size())
	}
	for n, g := range i.globals {
		if g.Get() != s.globals[n] {
			return fmt.Errorf("global %d is %#x, not %#x as in the snapshot", n, g.Get(), s.globals[n])
		}
	}
	return nil
}

// scribble changes every byte of the memory, and every global.
func (i *instance) scribble() {
	memory, _ := i.module.Memory().Read(0, i.module.Memory().Size())
	for n := range memory {
		memory[n] ^= 0xff
	}
	for _, g := range i.globals {
		g.Set(^g.Get())
	}
}
