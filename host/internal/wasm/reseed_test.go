package wasm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

func TestReseed(t *testing.T) {
	g := restorable(t)
	t.Run("WithoutItARestoredGuestDrawsTheSameAgain", func(t *testing.T) {
		if a, b := g.job(t, nil, 64), g.job(t, nil, 64); !reflect.DeepEqual(a, b) {
			t.Errorf("the other tests prove nothing:\n%v\n%v", a, b)
		}
	})
	t.Run("EverySourceFollowsTheEntropy", func(t *testing.T) { everySourceFollows(t, g) })
	t.Run("DrawsAreNotTheOldOnesFromAnotherPlace", func(t *testing.T) { drawsAreNew(t, g) })
	t.Run("AnyLengthIsTaken", func(t *testing.T) { anyLengthIsTaken(t, g) })
}

func everySourceFollows(t *testing.T, g *guest) {
	one, two := bytes.Repeat([]byte{1}, 32), append([]byte{1}, make([]byte, 31)...)
	a, again, b, none := g.job(t, one, 64), g.job(t, one, 64), g.job(t, two, 64), g.job(t, nil, 64)
	if !reflect.DeepEqual(a, again) {
		t.Errorf("equal entropy, different draws:\n%v\n%v", a, again)
	}
	for source := range a {
		if slices.Equal(a[source], b[source]) || slices.Equal(a[source], none[source]) || slices.Equal(b[source], none[source]) {
			t.Errorf("%s does not follow the entropy:\n%v\n%v\n%v", source, a[source], b[source], none[source])
		}
	}
}

// drawsAreNew shows that the guest found the runtime's state. One that didn't
// would draw on from another place of the same sequence.
func drawsAreNew(t *testing.T, g *guest) {
	sequence := g.job(t, nil, 5000)["V2"]
	for i := range byte(8) {
		if drawn := g.job(t, bytes.Repeat([]byte{i + 1}, 32), 1)["V2"][0]; slices.Contains(sequence, drawn) {
			t.Errorf("entropy %d: %d is a draw of the unseeded guest; the SDK does not know this Go's runtime", i, drawn)
		}
	}
}

func anyLengthIsTaken(t *testing.T, g *guest) {
	firsts := map[uint64]int{}
	for _, n := range []int{0, 1, 8, 31, 32} {
		firsts[g.job(t, bytes.Repeat([]byte{7}, n), 1)["V2"][0]] = n
	}
	if len(firsts) != 5 {
		t.Errorf("some bytes were ignored; the first draw by the length given: %v", firsts)
	}
	if long := g.job(t, bytes.Repeat([]byte{7}, 64), 1)["V2"][0]; firsts[long] != 32 {
		t.Error("bytes after the 32nd count")
	}
}

// BenchmarkReseed is to be read beside the empty call: most of it is how Go
// enters an export.
func BenchmarkReseed(b *testing.B) {
	g := restorable(b)
	ptr := g.place(b, make([]byte, 32))
	reseed, empty := g.ExportedFunction(abi.ExportReseed), g.ExportedFunction(abi.ExportABIVersion)
	b.Run("reseed", func(b *testing.B) {
		for b.Loop() {
			if _, err := reseed.Call(b.Context(), uint64(ptr), 32); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("empty", func(b *testing.B) {
		for b.Loop() {
			if _, err := empty.Call(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// guest is an instance, with its state as it was after initialisation.
type guest struct {
	api.Module
	memory  []byte
	globals [mutableGlobals]uint64
}

func restorable(t testing.TB) *guest {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { _ = r.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	if _, err := r.NewHostModuleBuilder(abi.ImportModule).
		NewFunctionBuilder().WithFunc(func(int32, uint32, uint32) {}).Export(abi.ImportLog).
		NewFunctionBuilder().WithFunc(func(int32, uint32, uint32) {}).Export(abi.ImportProgress).
		NewFunctionBuilder().WithFunc(func() int32 { return 0 }).Export(abi.ImportCancelled).
		Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	module := withGlobals(wasmtest.Build(t, "github.com/lessee-run/lessee/sdk/testdata/random"))
	m, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStartFunctions(abi.ExportInitialize))
	if err != nil {
		t.Fatal(err)
	}
	g := &guest{Module: m}
	g.memory = bytes.Clone(g.wholeMemory(t))
	for i := range g.globals {
		g.globals[i] = g.global(i).Get()
	}
	return g
}

func (g *guest) restore(t testing.TB) {
	t.Helper()
	now := g.wholeMemory(t)
	clear(now[copy(now, g.memory):])
	for i, value := range g.globals {
		g.global(i).Set(value)
	}
}

func (g *guest) global(i int) api.MutableGlobal {
	return g.ExportedGlobal(fmt.Sprint("g", i)).(api.MutableGlobal)
}

func (g *guest) wholeMemory(t testing.TB) []byte {
	t.Helper()
	all, ok := g.Memory().Read(0, g.Memory().Size())
	if !ok {
		t.Fatal("the guest has no memory")
	}
	return all
}

// job restores the guest, reseeds it unless entropy is nil, and returns what
// the handler drew, by source.
func (g *guest) job(t testing.TB, entropy []byte, draws int) map[string][]uint64 {
	t.Helper()
	g.restore(t)
	if entropy != nil {
		g.call(t, abi.ExportReseed, uint64(g.place(t, entropy)), uint64(len(entropy)))
	}
	payload, _ := json.Marshal(map[string]int{"Draws": draws})
	envelope, err := abi.EncodeEnvelope(abi.Envelope{ABI: abi.Version, Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	ptr, n := abi.Unpack(g.call(t, abi.ExportExecute, uint64(g.place(t, envelope)), uint64(len(envelope)))[0])
	answer, _ := g.Memory().Read(ptr, n)
	result, err := abi.DecodeResult(answer)
	if err != nil {
		t.Fatal(err)
	}
	var drawn map[string][]uint64
	if err := json.Unmarshal(result.Output, &drawn); err != nil || len(drawn) == 0 {
		t.Fatalf("%+v: %v", result, err)
	}
	return drawn
}

// place writes data where the guest wants it.
func (g *guest) place(t testing.TB, data []byte) uint32 {
	t.Helper()
	ptr := uint32(g.call(t, abi.ExportAlloc, uint64(len(data)))[0])
	if !g.Memory().Write(ptr, data) {
		t.Fatalf("lessee_alloc returned %d, which is not in memory", ptr)
	}
	return ptr
}

func (g *guest) call(t testing.TB, export string, args ...uint64) []uint64 {
	t.Helper()
	results, err := g.ExportedFunction(export).Call(context.Background(), args...)
	if err != nil {
		t.Fatalf("%s: %v", export, err)
	}
	return results
}

// mutableGlobals is how many globals a Go module has; all of them change.
const mutableGlobals = 8

// withGlobals exports the globals of a Go module, so that they can be restored.
func withGlobals(module []byte) []byte {
	const exports = 7 // the section's id
	out, rest := bytes.Clone(module[:8]), module[8:]
	for len(rest) > 0 {
		id := rest[0]
		size, n := binary.Uvarint(rest[1:])
		body := rest[1+n:][:size]
		rest = rest[1+n+int(size):]
		if id == exports {
			body = appendGlobals(body)
		}
		out = append(binary.AppendUvarint(append(out, id), uint64(len(body))), body...)
	}
	return out
}

func appendGlobals(exports []byte) []byte {
	const global = 3 // the kind of export
	count, n := binary.Uvarint(exports)
	out := append(binary.AppendUvarint(nil, count+mutableGlobals), exports[n:]...)
	for i := range byte(mutableGlobals) {
		out = append(out, 2, 'g', '0'+i, global, i)
	}
	return out
}
