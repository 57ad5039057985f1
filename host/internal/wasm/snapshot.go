package wasm

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// snapshot is the state of a module after its initialisation, from which every
// attempt starts: memory and globals. Tables can't differ, see coldReason.
type snapshot struct {
	image   *image.Image
	globals []uint64
	passed  int64 // nanoseconds on the guest's clock that only rises
}

// coldReason says why a module can't be kept: some of its state is out of
// reach, or it has none that is worth it. Empty: it can.
func coldReason(contract string, f meter.Facts) string {
	switch {
	case contract != ContractCore:
		return "a program of the command contract runs once and exits"
	case f.ImportsMemory || f.ImportsTable || f.ImportsGlobal:
		return "it imports a memory, a table or a global"
	case f.MutatesTables || f.ExportsTable:
		return "it changes its tables, or lets others change them"
	case f.UsesSegments || f.DropsElements || f.PassiveData > 0:
		return "it uses or drops passive segments"
	}
	for _, g := range f.Globals {
		if !g.Plain() {
			return "it has globals that hold vectors or references"
		}
	}
	return ""
}

// take keeps the state of an instance.
func (m *Module) take(i *instance) (*snapshot, error) {
	memory := i.module.Memory()
	bytes, ok := memory.Read(0, memory.Size())
	if !ok {
		return nil, errors.New("the memory can't be read")
	}
	taken, err := m.engine.keeper.Take(bytes)
	if err != nil {
		return nil, err
	}
	s := &snapshot{image: taken, passed: i.world.frozen.passed}
	for _, g := range m.globals(i.module) {
		s.globals = append(s.globals, g.Get())
	}
	return s, nil
}

func (m *Module) globals(instance api.Module) []api.MutableGlobal {
	var out []api.MutableGlobal
	for _, g := range m.facts.Globals {
		if global, ok := instance.ExportedGlobal(g.Export).(api.MutableGlobal); ok {
			out = append(out, global)
		}
	}
	return out
}

// keep makes a new instance one that starts from the snapshot, again and again.
func (m *Module) keep(i *instance) error {
	s := m.snapshot
	if missing := s.image.Size() - i.region.Size(); missing > 0 {
		if _, ok := i.module.Memory().Grow(uint32(missing / pageSize)); !ok {
			return abi.Errorf(abi.CodeLimitMemory, "the module has %d bytes of memory after its initialisation, more than its limit (memory_bytes)", s.image.Size())
		}
	}
	if err := i.region.Keep(s.image); err != nil {
		return fmt.Errorf("keep an instance: %w", err)
	}
	i.globals = m.globals(i.module)
	i.setGlobals(s)
	return nil
}

func (i *instance) setGlobals(s *snapshot) {
	for n, g := range i.globals {
		g.Set(s.globals[n])
	}
}

// restore brings a kept instance back to the snapshot.
func (m *Module) restore(i *instance) error {
	if err := i.region.Restore(); err != nil {
		return err
	}
	i.setGlobals(m.snapshot)
	return nil
}

// entropyBytes is what a restored guest is given to be unlike the one before.
const entropyBytes = 32

// entropyAhead is how much of it is read at once: to ask the kernel takes longer
// than to reseed.
const entropyAhead = 64 * entropyBytes

// reseed gives fresh randomness to a guest that was restored, if it takes any.
func (m *Module) reseed(ctx context.Context, i *instance) error {
	if !m.reseeds {
		return nil
	}
	var entropy [entropyBytes]byte
	if _, err := io.ReadFull(i.entropy, entropy[:]); err != nil {
		return err
	}
	ptr, err := deliver(ctx, i, entropy[:])
	if err != nil {
		return err
	}
	_, err = i.call(ctx, abi.ExportReseed, uint64(ptr), entropyBytes)
	return err
}
