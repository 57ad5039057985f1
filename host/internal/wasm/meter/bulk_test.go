package meter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

const mib = 1 << 20

// bulky fills, copies and initialises the memory of 128 pages as told.
func bulky() wasm {
	three := get(0) + get(1) + get(2)
	w := withMemory(module(
		fn{typ: tThree, code: three + fill},
		fn{typ: tThree, code: three + move},
		fn{typ: tThree, code: three + "\xfc\x08\x00\x00"},
		fn{typ: tThree, code: three + "\xfc\x0c\x00\x00"},
		fn{typ: tThree, code: three + "\xfc\x0e\x00\x00"},
		fn{typ: tThree, code: get(0) + "\xd0\x70" + get(2) + "\xfc\x11\x00"},
		fn{typ: tI32, code: get(0) + grow},
		fn{typ: tI32, code: "\xd0\x70" + get(0) + "\xfc\x0f\x00"},
		fn{typ: tNone, code: "\xfc\x09\x00"},
	), "\x01\x80\x01\x90\x01")
	w.exports = append(w.exports, sized("memory")+"\x02\x00")
	w.data = []string{"\x01" + sized(repeat("0123456789abcdef", 3*mib/16+1))}
	w.tables, w.elems = []string{"\x70\x00\x64"}, []string{"\x01\x00\x03\x00\x01\x02"}
	return w
}

// TestBulkOperationsDoTheSameInChunks runs each operation on two memories that
// are alike, within bounds, at their edges and outside, and compares all bytes.
func TestBulkOperationsDoTheSameInChunks(t *testing.T) {
	const size = 128 << 16
	binary := bulky().bytes()
	plain, metered := newHost(t, wazero.NewRuntimeConfigCompiler()), newMetered(t, wazero.NewRuntimeConfigCompiler(), binary)
	plain.instantiate(t, binary)
	for _, h := range []*host{plain, metered} {
		memory, _ := h.module.Memory().Read(0, size)
		for i := range memory {
			memory[i] = byte(i * 7 >> 3)
		}
	}
	places := []uint64{0, 5, mib + 1, size - 3*mib, size - mib, size, 1<<32 - 1}
	lengths := []uint64{0, 1, mib, mib + 1, 2 * mib, 3*mib - 5, 3*mib + 16, 3*mib + 17, size, 1<<32 - 1}
	for _, to := range places {
		for _, from := range []uint64{0, 3, mib + 1, size - mib, 1<<32 - 2} {
			for _, n := range lengths {
				for f := range 6 {
					compareBulk(t, plain, metered, fmt.Sprint("f", f), to, from, n)
				}
			}
		}
	}
	compareBulk(t, plain, metered, "f8")
	compareBulk(t, plain, metered, "f2", 0, 0, mib*2)
	for _, n := range []uint64{0, 1, 15, 1, 1<<32 - 1} {
		compareBulk(t, plain, metered, "f6", n)
		compareBulk(t, plain, metered, "f7", n)
	}
}

func compareBulk(t *testing.T, plain, metered *host, name string, args ...uint64) {
	t.Helper()
	want, got := plainCall(context.Background(), plain.module, name, args...), metered.call(context.Background(), name, args...)
	if !alike(want, got) {
		t.Fatalf("%s%v: %v, rewritten %v", name, args, want, got)
	}
	if len(args) == 0 || want.trap != "" && args[0] != 0 { // the memories are compared often enough
		return
	}
	a, _ := plain.module.Memory().Read(0, plain.module.Memory().Size())
	b, _ := metered.module.Memory().Read(0, metered.module.Memory().Size())
	if !bytes.Equal(a, b) {
		t.Fatalf("%s%v: the memories differ", name, args)
	}
}

func TestBulkOperationsPayByLength(t *testing.T) {
	h := newMetered(t, wazero.NewRuntimeConfigCompiler(), bulky().bytes())
	for _, c := range []struct {
		name string
		args []uint64
		want int64
	}{
		{"f0", []uint64{0, 1, 800}, 3 + 10 + 100},
		{"f0", []uint64{0, 1, 5*mib + 80}, 3 + 10 + 5*mib/8 + 10},
		{"f1", []uint64{0, mib, 3 * mib}, 3 + 10 + 3*mib/8},
		{"f2", []uint64{0, 0, 3 * mib}, 3 + 10 + 3*mib/8},
		{"f3", []uint64{0, 0, 3}, 3 + 10 + 3},
		{"f4", []uint64{0, 50, 50}, 3 + 10 + 50},
		{"f5", []uint64{0, 0, 77}, 3 + 10 + 77},
		{"f6", []uint64{2}, 1 + 100 + 2*65536/8},
		{"f6", []uint64{1000}, 1 + 100}, // fails, and is free
		{"f7", []uint64{9}, 2 + 100 + 9},
	} {
		if got := h.call(context.Background(), c.name, c.args...); got.trap != "" || got.used != c.want {
			t.Errorf("%s%v used %d, want %d; %q", c.name, c.args, got.used, c.want, got.trap)
		}
	}
}

func TestAFillWithoutFuelStopsInItsMiddle(t *testing.T) {
	h := newMetered(t, wazero.NewRuntimeConfigCompiler(), bulky().bytes())
	h.budget.Fuel = 2*mib/8 + 100
	h.call(context.Background(), "f0", 0, 1, 8*mib)
	memory, _ := h.module.Memory().Read(0, 8*mib)
	if filled := bytes.Count(memory, []byte{1}); !errors.Is(h.stopped, meter.ErrFuel) || filled != 2*mib {
		t.Errorf("%d bytes are filled, %v", filled, h.stopped)
	}
}

func TestTablesGrowNoFurtherThanTheHostBears(t *testing.T) {
	w := module(fn{typ: tI32, code: "\xd0\x70" + get(0) + "\xfc\x0f\x00"})
	w.tables = []string{"\x70\x00\x05"}
	result, err := meter.Rewrite(w.bytes(), meter.Options{MaxTable: 10})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, wazero.NewRuntimeConfigCompiler())
	h.instantiate(t, result.Module)
	for _, c := range [][2]uint64{{6, 1<<32 - 1}, {5, 5}, {1, 1<<32 - 1}} {
		if got := h.call(context.Background(), "f0", c[0]); got.results[0] != c[1] {
			t.Errorf("growing by %d: %d, want %d", c[0], int32(got.results[0]), int32(c[1]))
		}
	}
}
