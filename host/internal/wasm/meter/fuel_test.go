package meter_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// newMetered is a host with a rewritten module in it.
func newMetered(t testing.TB, config wazero.RuntimeConfig, binary []byte) *host {
	t.Helper()
	h := newHost(t, config)
	h.instantiate(t, rewrite(t, binary).Module)
	return h
}

func TestFuelIsTheCostOfWhatRan(t *testing.T) {
	for _, c := range []struct {
		name string
		f    fn
		arg  uint64
		want int64
	}{
		{"nothing", fn{typ: tI32Void}, 0, 0},
		{"no code", fn{typ: tI32Void, code: nop + block + end}, 0, 0},
		{"straight on", fn{typ: tI32Void, code: get(0) + drop}, 0, 2},
		{"a division", fn{typ: tI32Void, code: get(0) + i32(3) + "\x6d" + drop}, 0, 11},
		{"through a block", fn{typ: tI32Void, code: get(0) + block + get(0) + drop + end + drop}, 0, 4},
		{"a long arm taken", fn{typ: tI32Void, code: get(0) + cond + repeat(get(0)+drop, 20) + end}, 1, 42},
		{"a long arm not taken", fn{typ: tI32Void, code: get(0) + cond + repeat(get(0)+drop, 20) + end}, 0, 2},
		{"a short arm not taken, paid all the same", fn{typ: tI32Void, code: get(0) + cond + get(0) + drop + end}, 0, 4},
		{"the longer of two arms", fn{typ: tI32Void, code: get(0) + cond + get(0) + drop + els + nop + end}, 0, 4},
		{"ten rounds", fn{typ: tI32Void, code: loop + get(0) + i32(1) + sub + "\x22\x00" + brIf0 + end}, 10, 50},
		{"after a loop", fn{typ: tI32Void, code: loop + get(0) + i32(1) + sub + "\x22\x00" + brIf0 + end + get(0) + drop}, 10, 52},
		{"what comes after a return is free", fn{typ: tI32Void, code: ret + repeat(get(0)+drop, 99)}, 0, 1},
		{"a vector", fn{typ: tI32Void, code: "\xfd\x0c" + repeat("\x07", 16) + drop}, 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newMetered(t, wazero.NewRuntimeConfigInterpreter(), module(c.f).bytes())
			if got := h.call(context.Background(), "f0", c.arg); got.used != c.want || got.trap != "" {
				t.Errorf("used %d, want %d; %s", got.used, c.want, got.trap)
			}
		})
	}
}

func TestACallPaysForTheCallee(t *testing.T) {
	leaf := fn{typ: tNone, code: i32(1) + drop}
	h := newMetered(t, wazero.NewRuntimeConfigInterpreter(), module(leaf, fn{typ: tNone, code: call(0) + call(0)}).bytes())
	if got := h.call(context.Background(), "f1"); got.used != 2*(5+2) {
		t.Errorf("used %d", got.used)
	}
}

// spinner runs as many rounds as it is told.
func spinner() []byte {
	return module(fn{typ: tI32Void, code: loop + get(0) + i32(1) + sub + "\x22\x00" + brIf0 + end}).bytes()
}

func TestABudgetEndsARunAtItsFuelWhateverTheSlice(t *testing.T) {
	for _, slice := range []int64{1, 7, 1000, 1 << 40} {
		h := newMetered(t, wazero.NewRuntimeConfigCompiler(), spinner())
		h.budget = meter.Budget{Fuel: 1000, Slice: slice}
		got := h.call(context.Background(), "f0", 1<<30)
		if !errors.Is(h.stopped, meter.ErrFuel) || got.used != 1005 {
			t.Errorf("slice %d: used %d, %v; want to stop at the first round that 1000 does not pay", slice, got.used, h.stopped)
		}
		if got := h.call(context.Background(), "f0", 200); got.used != 1000 || got.trap != "" {
			t.Errorf("slice %d: 200 rounds of 5 use %d of 1000: %s", slice, got.used, got.trap)
		}
	}
}

func TestTheFuelDoesNotDependOnSliceOrEngine(t *testing.T) {
	var want int64
	for _, slice := range []int64{1, 99, 1 << 40} {
		for name, config := range configs() {
			h := newMetered(t, config, spinner())
			h.budget.Slice = slice
			got := h.call(context.Background(), "f0", 100_000).used
			if want == 0 {
				want = got
			}
			if got != want {
				t.Errorf("%s, slice %d: used %d, want %d", name, slice, got, want)
			}
		}
	}
}

func TestARunThatEndsOverItsBudgetIsKnown(t *testing.T) {
	h := newMetered(t, wazero.NewRuntimeConfigInterpreter(), module(fn{typ: tNone, code: repeat(nop+i32(1)+drop, 50)}).bytes())
	h.budget.Fuel = 99
	h.call(context.Background(), "f0")
	if fuel := int64(h.global(meter.FuelGlobal).Get()); !h.budget.Over(fuel) {
		t.Errorf("used %d of 99, and nobody noticed", h.budget.Used(fuel))
	}
}

func TestCodeThatRunsAtStartTicks(t *testing.T) {
	w := module(fn{typ: tNone, code: loop + i32(0) + brIf0 + end})
	w.start = "\x00"
	h := newHost(t, wazero.NewRuntimeConfigInterpreter())
	h.budget.Fuel = 0
	_, err := h.runtime.InstantiateWithConfig(context.Background(), rewrite(t, w.bytes()).Module, wazero.NewModuleConfig())
	if !errors.Is(err, meter.ErrFuel) {
		t.Errorf("with no fuel: %v", err)
	}
	h.budget.Fuel = 100
	if _, err = h.runtime.InstantiateWithConfig(context.Background(), rewrite(t, w.bytes()).Module, wazero.NewModuleConfig()); err != nil {
		t.Error(err)
	}
}

func TestTheDepthIsGivenBackOnEveryWayOut(t *testing.T) {
	callee := fn{typ: tNone, code: loop + i32(0) + brIf0 + end} // heavy enough to be counted
	recurse := get(0) + cond + call(0) + end
	for name, f := range map[string]fn{
		"the end":          {typ: tI32Void, code: call(0)},
		"return":           {typ: tI32Void, code: call(0) + ret},
		"return in a loop": {typ: tI32Void, code: call(0) + loop + block + ret + end + end},
		"br":               {typ: tI32Void, code: call(0) + block + loop + "\x0c\x02" + end + end},
		"br_if taken":      {typ: tI32Void, code: call(0) + get(0) + brIf0},
		"br_table":         {typ: tI32Void, code: call(0) + block + get(0) + "\x0e\x02\x00\x01\x01" + end},
		"one result":       {typ: tI32, code: recurse + get(0) + ret},
		"many results":     {typ: tMany, code: call(0) + get(0) + "\x42\x07" + get(0) + get(0) + brIf0},
		"a dead end":       {typ: tI32, code: call(0) + get(0) + "\x0c\x00" + call(0) + ret},
	} {
		for arg := range uint64(3) {
			h := newMetered(t, wazero.NewRuntimeConfigCompiler(), module(callee, f).bytes())
			got := h.call(context.Background(), "f1", arg)
			if depth := int64(h.global(meter.DepthGlobal).Get()); got.trap != "" || depth != h.depth {
				t.Errorf("%s(%d): %d bytes of depth are missing; %q", name, arg, h.depth-depth, got.trap)
			}
		}
	}
}

func TestAHostCallCostsMore(t *testing.T) {
	w := module(fn{typ: tNone, code: call(0)})
	w.imports = []string{sized("env") + sized("f") + "\x00\x00"}
	w.exports = []string{sized("f0") + "\x00\x01"}
	h := newHost(t, wazero.NewRuntimeConfigInterpreter())
	_, err := h.runtime.NewHostModuleBuilder("env").NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) {}), nil, nil).Export("f").Instantiate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h.instantiate(t, rewrite(t, w.bytes()).Module)
	if got := h.call(context.Background(), "f0"); got.used != 100 {
		t.Errorf("used %d", got.used)
	}
}

func TestALongChainOfSmallFunctionsIsRewritten(t *testing.T) {
	const n = 200_000
	w := wasm{types: testTypes(), funcs: make([]fn, n), exports: []string{sized("f0") + "\x00\x00"}}
	for i := range w.funcs {
		w.funcs[i] = fn{typ: tNone, code: "\x10" + uleb(uint64(min(i+1, n-1)))}
	}
	stats := rewrite(t, w.bytes()).Stats
	if stats.Functions != n || stats.Light != 0 { // the last one calls itself
		t.Errorf("got %+v", stats)
	}
}
