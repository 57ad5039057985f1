package wasm

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// instance is a live sandbox: a module's code with a memory of its own. One
// goroutine at a time uses it.
type instance struct {
	module  api.Module
	region  *image.Region
	world   *world
	fuel    api.MutableGlobal
	depth   api.MutableGlobal
	globals []api.MutableGlobal // the guest's, in the order of the snapshot; for kept instances
	calls   map[string]api.Function
	stack   [2]uint64 // of a call: parameters, then the result
	entropy io.Reader // for the guest
	used    bool      // by an attempt that left it as it was
}

// instantiate makes an instance for an attempt. A start function runs by it.
func (m *Module) instantiate(ctx context.Context, a *attempt) (_ *instance, err error) {
	if m.info.MemoryBytes > a.limits.MemoryBytes {
		return nil, abi.Errorf(abi.CodeLimitMemory, "the module starts with %d bytes of memory, its limit is %d (memory_bytes)", m.info.MemoryBytes, a.limits.MemoryBytes)
	}
	region, err := image.Reserve(a.limits.MemoryBytes)
	if err != nil {
		return nil, abi.Errorf(abi.CodeHostError, "%v", err)
	}
	i := &instance{region: region, world: m.newWorld(a), calls: map[string]api.Function{}, entropy: bufio.NewReaderSize(rand.Reader, entropyAhead)}
	i.world.enter(ctx, a)
	i.module, err = m.code.runtime.InstantiateModule(experimental.WithMemoryAllocator(ctx, region), m.code.module, i.world.config())
	if err != nil {
		return nil, errors.Join(err, region.Close())
	}
	for name, global := range map[string]*api.MutableGlobal{meter.FuelGlobal: &i.fuel, meter.DepthGlobal: &i.depth} {
		*global, _ = i.module.ExportedGlobal(name).(api.MutableGlobal) // the meter exports both
	}
	return i, nil
}

// call calls an export, of two parameters and one result at most; 0 when the
// module has none of that name.
func (i *instance) call(ctx context.Context, name string, params ...uint64) (uint64, error) {
	f, known := i.calls[name]
	if !known {
		f = i.module.ExportedFunction(name)
		i.calls[name] = f // look-ups are dear
	}
	if f == nil {
		return 0, nil
	}
	copy(i.stack[:], params)
	if err := f.CallWithStack(ctx, i.stack[:]); err != nil {
		return 0, err
	}
	return i.stack[0], nil
}

// begin fills the tank for an attempt; end reads what was used.
func (i *instance) begin(ctx context.Context, a *attempt) {
	i.world.enter(ctx, a)
	i.region.Forgive()
	i.fuel.Set(uint64(a.budget.Start()))
	i.depth.Set(uint64(a.limits.StackBytes))
}

func (i *instance) end(a *attempt) {
	i.world.leave()
	a.fuel = a.budget.Used(int64(i.fuel.Get()))
	a.memory, a.exhausted = i.region.Size(), i.region.Exhausted()
}

// close gives everything back. The order is a must: the engine may touch the
// memory until the instance is closed.
func (i *instance) close() error {
	if err := errors.Join(i.module.Close(context.Background()), i.region.Close()); err != nil {
		return fmt.Errorf("close an instance: %w", err)
	}
	return nil
}
