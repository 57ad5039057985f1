package meter_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// host is the other side of the meter: what the engine does, as short as it gets.
type host struct {
	runtime wazero.Runtime
	budget  meter.Budget
	depth   int64
	ticks   int
	stopped error
	module  api.Module
}

func newHost(t testing.TB, config wazero.RuntimeConfig) *host {
	t.Helper()
	h := &host{runtime: wazero.NewRuntimeWithConfig(context.Background(), config), budget: meter.Budget{Fuel: 1 << 60}, depth: meter.DefaultDepth}
	t.Cleanup(func() {
		if err := h.runtime.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	wasi_snapshot_preview1.MustInstantiate(context.Background(), h.runtime)
	_, err := h.runtime.NewHostModuleBuilder(meter.ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(h.tick), []api.ValueType{api.ValueTypeI64, api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export(meter.ImportTick).Instantiate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) tick(ctx context.Context, _ api.Module, stack []uint64) {
	h.ticks++
	next, err := h.budget.Tick(int64(stack[0]), int64(stack[1]))
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		h.stopped = err
		panic(err)
	}
	stack[0] = uint64(next)
}

// instantiate makes an instance, and starts it if it is a reactor.
func (h *host) instantiate(t testing.TB, binary []byte) {
	t.Helper()
	var err error
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	if h.module, err = h.runtime.InstantiateWithConfig(context.Background(), binary, config); err != nil {
		t.Fatal(err)
	}
}

func (h *host) global(name string) api.MutableGlobal {
	g, _ := h.module.ExportedGlobal(name).(api.MutableGlobal)
	return g
}

// outcome is what a call shows to the outside.
type outcome struct {
	results []uint64
	trap    string
	used    int64
}

// call calls an export of a metered module.
func (h *host) call(ctx context.Context, name string, args ...uint64) outcome {
	h.stopped = nil
	fuel := h.global(meter.FuelGlobal)
	fuel.Set(uint64(h.budget.Start()))
	h.global(meter.DepthGlobal).Set(uint64(h.depth))
	o := plainCall(ctx, h.module, name, args...)
	o.used = h.budget.Used(int64(fuel.Get()))
	return o
}

func plainCall(ctx context.Context, m api.Module, name string, args ...uint64) outcome {
	results, err := m.ExportedFunction(name).Call(ctx, args...)
	return outcome{results: results, trap: trapOf(err)}
}

// trapOf is the reason of a trap, without the stack, which shows indices.
func trapOf(err error) string {
	if err == nil {
		return ""
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

func rewrite(t testing.TB, binary []byte) meter.Result {
	t.Helper()
	result, err := meter.Rewrite(binary, meter.Options{ExportGlobals: true})
	if err != nil {
		t.Fatal(err)
	}
	return result
}
