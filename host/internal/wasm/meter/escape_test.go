package meter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// hostile are functions that never end by themselves, or not in our lifetime.
func hostile() map[string]wasm {
	fib := get(0) + i32(2) + "\x48\x04\x7f" + get(0) + els + get(0) + i32(1) + sub + call(0) + get(0) + i32(2) + sub + call(0) + add + end
	twice := fn{typ: tNone, code: call(1) + call(1)}
	list := map[string]wasm{
		"a loop":                  module(fn{typ: tNone, code: loop + br0 + end}),
		"a loop that branches":    module(fn{typ: tNone, code: loop + i32(1) + brIf0 + end}),
		"loops in loops":          module(fn{typ: tNone, code: loop + loop + loop + "\x0c\x02" + end + end + end}),
		"a loop of calls":         module(fn{typ: tNone, code: loop + call(1) + br0 + end}, fn{typ: tNone}),
		"a maze":                  module(fn{typ: tNone, code: loop + block + block + block + get(0) + "\x0e\x03\x00\x01\x02\x03" + end + i32(1) + set(0) + "\x0c\x02" + end + i32(2) + set(0) + "\x0c\x01" + end + i32(7) + set(0) + br0 + end, locals: "\x01\x01\x7f"}),
		"fibonacci":               module(fn{typ: tI32, code: fib}),
		"calls to the power of 2": {types: testTypes(), exports: []string{sized("f0") + "\x00\x00"}, funcs: powers(60)},
		"unwinding": module(fn{typ: tNone, code: loop + i32(9_000) + call(1) + br0 + end},
			fn{typ: tI32Void, code: get(0) + cond + get(0) + i32(1) + sub + call(1) + end + repeat(get(0)+cond+repeat(get(0)+drop, 110)+end, 1)}),
		"filling memory":           withMemory(module(fn{typ: tNone, code: loop + i32(0) + i32(7) + i32(1<<29) + fill + br0 + end}), "\x00\x80\x40"),
		"filling without a loop":   withMemory(module(fn{typ: tNone, code: repeat(i32(0)+i32(7)+i32(1<<26)+fill, 2000)}), "\x00\x80\x10"),
		"small fills":              withMemory(module(fn{typ: tNone, code: loop + repeat(i32(0)+i32(7)+i32(60000)+fill, 9000) + br0 + end}), pages1),
		"copying memory":           withMemory(module(fn{typ: tNone, code: loop + i32(1<<20) + i32(0) + i32(1<<27-1<<20) + move + br0 + end}), "\x00\x80\x10"),
		"growing in vain":          withMemory(module(fn{typ: tNone, code: loop + i32(1) + grow + drop + br0 + end}), "\x01\x01\x01"),
		"table.fill":               module(fn{typ: tNone, code: loop + i32(0) + "\xd0\x70" + i32(1_000_000) + "\xfc\x11\x00" + br0 + end}),
		"mutual, with work before": module(fn{typ: tNone, code: twice.code}, fn{typ: tNone, code: call(2) + call(2)}, fn{typ: tNone, code: repeat(i32(0)+drop, 2000) + call(3) + call(3)}, fn{typ: tNone, code: loop + block + i32(0) + "\x0d\x01" + end + br0 + end}),
	}
	fillTable := list["table.fill"]
	fillTable.tables = []string{"\x70\x00" + uleb(1_000_000)}
	list["table.fill"] = fillTable
	return list
}

// powers are functions that call the next one twice.
func powers(n int) []fn {
	out := make([]fn, n)
	for i := range out {
		out[i] = fn{typ: tNone, code: repeat(i32(0)+drop, 20) + call(byte(i+1)) + call(byte(i+1))}
	}
	out[n-1].code = nop
	return out
}

func withMemory(w wasm, limits string) wasm {
	w.memory = limits
	return w
}

// overshoot is what a run may use beyond its budget here: the largest region
// of these modules, and what a deep stack may spend when it unwinds.
const overshoot = 1<<17 + 10_000 + meter.DefaultDepth/8

func TestNothingEscapesItsFuel(t *testing.T) {
	for name, w := range hostile() {
		t.Run(name, func(t *testing.T) {
			h := newMetered(t, wazero.NewRuntimeConfigCompiler(), w.bytes())
			h.budget.Fuel = 20_000_000
			got := h.call(context.Background(), "f0", argsOf(name)...)
			if !errors.Is(h.stopped, meter.ErrFuel) || got.used < h.budget.Fuel || got.used > h.budget.Fuel+overshoot {
				t.Errorf("used %d: %v, %q", got.used, h.stopped, got.trap)
			}
		})
	}
}

// TestCodeThatEndsStopsSoonAfterItsFuel has code without a loop or a recursion:
// it would end by itself, after a long time.
func TestCodeThatEndsStopsSoonAfterItsFuel(t *testing.T) {
	light := fn{typ: tNone, code: repeat(i32(0)+drop, 90)}
	indirect := module(fn{typ: tNone, code: repeat(i32(1)+"\x11\x00\x00", 10_000)}, light)
	indirect.tables, indirect.elems = []string{"\x70\x00\x02"}, []string{"\x00\x41\x00\x0b\x02\x00\x01"}
	direct := module(fn{typ: tNone, code: repeat(call(1), 10_000)}, light)
	direct.exports = direct.exports[:1]
	for name, w := range map[string]wasm{
		"branches":       module(fn{typ: tNone, locals: "\x01\x01\x7f", code: repeat(get(0)+"\x45"+cond+repeat(i32(0)+drop, 90)+end, 3_000)}),
		"calls":          direct,
		"indirect calls": indirect,
	} {
		h := newMetered(t, wazero.NewRuntimeConfigCompiler(), w.bytes())
		h.budget.Fuel = 300_000
		got := h.call(context.Background(), "f0")
		if prepaid := int64(10_000 * 11); !errors.Is(h.stopped, meter.ErrFuel) || got.used > h.budget.Fuel+prepaid+2*meter.Unchecked {
			t.Errorf("%s: used %d: %v", name, got.used, h.stopped)
		}
	}
}

func argsOf(name string) []uint64 {
	if name == "fibonacci" || name == "many results" {
		return []uint64{60}
	}
	return nil
}

func TestNothingEscapesItsDeadline(t *testing.T) {
	for name, w := range hostile() {
		t.Run(name, func(t *testing.T) {
			h := newMetered(t, wazero.NewRuntimeConfigCompiler(), w.bytes())
			const limit = 30 * time.Millisecond
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			start := time.Now()
			h.call(ctx, "f0", argsOf(name)...)
			late := time.Since(start) - limit
			if !errors.Is(h.stopped, context.DeadlineExceeded) {
				t.Errorf("stopped by %v", h.stopped)
			}
			if t.Logf("stopped %v late after %d ticks", late, h.ticks); late > 500*time.Millisecond { // 20 on an idle machine
				t.Error("that is too late")
			}
		})
	}
}

func TestNoRecursionEscapesItsDepth(t *testing.T) {
	table := func(w wasm) wasm {
		w.tables, w.elems = []string{"\x70\x00\x02"}, []string{"\x00\x41\x00\x0b\x02\x00\x01"}
		return w
	}
	for name, w := range map[string]wasm{
		"itself":             module(fn{typ: tNone, code: call(0)}),
		"mutual":             module(fn{typ: tNone, code: call(1)}, fn{typ: tNone, code: call(0)}),
		"indirect":           table(module(fn{typ: tNone, code: i32(1) + "\x11\x00\x00"}, fn{typ: tNone, code: i32(0) + "\x11\x00\x00"})),
		"after a loop":       module(fn{typ: tNone, code: loop + end + call(0)}),
		"in a loop":          module(fn{typ: tNone, code: loop + call(0) + end}),
		"many locals":        module(fn{typ: tNone, locals: "\x01\xd0\x0f\x7e", code: i32(0) + cond + call(0) + end + call(0)}),
		"values across":      module(fn{typ: tNone, code: repeat(i32(0)+"\x45", 500) + call(0) + repeat(drop, 500)}),
		"many results":       module(fn{typ: tMany, code: get(0) + call(0)}),
		"unreached loop":     module(fn{typ: tNone, code: call(0) + loop + br0 + end}),
		"values, one a call": withMemory(module(fn{typ: tNone, code: repeat(i32(0)+"\x28\x02\x00"+call(0)+drop, 300)}), pages1),
	} {
		t.Run(name, func(t *testing.T) {
			h := newMetered(t, wazero.NewRuntimeConfigCompiler(), w.bytes())
			for range 3 {
				if got := h.call(context.Background(), "f0", argsOf(name)...); !errors.Is(h.stopped, meter.ErrDepth) {
					t.Errorf("stopped by %v, %q", h.stopped, got.trap)
				}
			}
		})
	}
}

// TestAFrameWeighsWhatItMayTakeAndSpend counts how deep functions get that
// hold much, or may spend much while the stack unwinds.
func TestAFrameWeighsWhatItMayTakeAndSpend(t *testing.T) {
	const depth = 1 << 20
	count := "\x23\x00" + i32(1) + add + "\x24\x00"
	for name, c := range map[string]struct {
		f    fn
		most uint64 // frames
	}{
		"a small frame":   {fn{typ: tI32Void, code: count + get(0) + call(0)}, depth / 100},
		"many values":     {fn{typ: tI32Void, code: count + repeat(get(0), 500) + get(0) + call(0) + repeat(drop, 500)}, depth / (500 * 8)},
		"values by turns": {fn{typ: tI32Void, code: count + repeat(get(0)+get(0)+call(0)+drop, 500)}, depth / (500 * 8)},
		"many locals":     {fn{typ: tI32Void, locals: "\x01\xf4\x03\x7e", code: count + get(0) + call(0)}, depth / (500 * 8)},
		"vectors":         {fn{typ: tI32Void, locals: "\x01\xf4\x03\x7b", code: count + constant(0x7b) + set(1) + get(0) + call(0)}, depth / (500 * 16)},
		"work on return":  {fn{typ: tI32Void, code: count + get(0) + call(0) + get(0) + cond + repeat(get(0)+drop, 100) + end}, depth / (8 * 200)},
	} {
		w := module(c.f)
		w.globals = []string{"\x7f\x01\x41\x00\x0b"}
		h := newMetered(t, wazero.NewRuntimeConfigCompiler(), w.bytes())
		h.depth = depth
		h.call(context.Background(), "f0", 1)
		if frames := h.global("__lessee_g0").Get(); !errors.Is(h.stopped, meter.ErrDepth) || frames > c.most || frames < c.most/4 {
			t.Errorf("%s: %d frames in %d bytes, %v; want %d or less", name, frames, depth, h.stopped, c.most)
		}
	}
}
