package image

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instance is a guest on a region, with the globals that belong to the image.
type instance struct {
	api.Module
	region  *Region
	globals []uint64
}

// instantiate does what the engine does: a new instance, without its own
// initialisation, gets the image's size, memory and globals.
func instantiate(t *testing.T, r wazero.Runtime, compiled wazero.CompiledModule, image *Image, globals []uint64) *instance {
	t.Helper()
	region := reserved(t, 16*wasmPage)
	ctx := experimental.WithMemoryAllocator(t.Context(), region)
	module, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
	noError(t, err)
	t.Cleanup(func() { noError(t, module.Close(context.Background())) })
	i := &instance{Module: module, region: region, globals: globals}
	if image != nil {
		if _, ok := module.Memory().Grow(uint32(image.Size()-region.Size()) / wasmPage); !ok {
			t.Fatal("the memory does not grow to the image's size")
		}
		noError(t, region.Keep(image))
		i.setGlobals()
	}
	return i
}

var globalNames = []string{"__lessee_g0", "__lessee_g1", "__lessee_g2"}

func (i *instance) setGlobals() {
	for n, name := range globalNames {
		i.ExportedGlobal(name).(api.MutableGlobal).Set(i.globals[n])
	}
}

func (i *instance) getGlobals() (values []uint64) {
	for _, name := range globalNames {
		values = append(values, i.ExportedGlobal(name).Get())
	}
	return values
}

func (i *instance) call(t *testing.T, name string, args ...uint64) []uint64 {
	t.Helper()
	got, err := i.ExportedFunction(name).Call(t.Context(), args...)
	noError(t, err)
	return got
}

func (i *instance) state() (memory []byte, globals []uint64) {
	memory, _ = i.Memory().Read(0, i.Memory().Size())
	return slices.Clone(memory), i.getGlobals()
}

func TestRegion_CarriesAnInstanceThatRunsIdenticallyAfterEachRestore(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		ctx := t.Context()
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
		t.Cleanup(func() { noError(t, r.Close(context.Background())) })
		compiled, err := r.CompileModule(ctx, counterModule())
		noError(t, err)

		first := instantiate(t, r, compiled, nil, nil)
		first.call(t, "run", 40) // its initialisation, which grows the memory
		first.call(t, "grow")
		memory, globals := first.state()
		image := take(t, k, memory)

		a, b := instantiate(t, r, compiled, image, globals), instantiate(t, r, compiled, image, globals)
		want := a.call(t, "run", 7)
		wantMemory, wantGlobals := a.state()
		if slices.Equal(wantMemory, memory) || slices.Equal(wantGlobals, globals) {
			t.Fatal("the guest changes nothing, so it shows nothing")
		}
		for n := range 20 {
			for _, i := range []*instance{a, b} {
				noError(t, i.region.Restore())
				i.setGlobals()
				exact(t, i.region, memory)
				got := i.call(t, "run", 7)
				gotMemory, gotGlobals := i.state()
				if !slices.Equal(got, want) || !slices.Equal(gotMemory, wantMemory) || !slices.Equal(gotGlobals, wantGlobals) {
					t.Fatalf("run %d gives %d and globals %d, the first gave %d and %d", n, got, gotGlobals, want, wantGlobals)
				}
			}
		}
		a.call(t, "grow")
		if err := a.region.Restore(); !errors.Is(err, ErrGrown) {
			t.Fatalf("got %v, want ErrGrown", err)
		}
	})
}

// counterModule is a guest with three mutable globals and a memory of two
// pages. run(n) adds n to each global, of type i32, i64 and f64, writes the
// second global to memory where the first points, 5,000 bytes further each
// time, and returns what the memory held there before plus the second global.
// grow asks for one page.
func counterModule() []byte {
	const i32, i64, f64 = 0x7f, 0x7e, 0x7c
	run := []byte{
		0,                            // no locals
		0x23, 0, 0x29, 3, 0, 0x23, 1, // i64.load [g0]; g1
		0x7c,                                                    // i64.add: the result
		0x23, 0, 0x23, 1, 0x37, 3, 0, 0x23, 0, 0x41, 0x88, 0x27, // i64.store [g0] = g1; g0; i32.const 5000
		0x6a, 0x24, 0, // g0 += 5000
		0x23, 1, 0x20, 0, 0x7c, 0x24, 1, // g1 += n
		0x23, 2, 0x20, 0, 0xb9, 0xa0, 0x24, 2, // g2 += float(n)
		0x0b,
	}
	exports := [][]byte{exported("run", 0, 0), exported("grow", 0, 1)}
	for i, name := range globalNames {
		exports = append(exports, exported(name, 3, byte(i)))
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = section(out, 1, []byte{0x60, 1, i64, 1, i64}, []byte{0x60, 0, 0})
	out = section(out, 3, []byte{0}, []byte{1})
	out = section(out, 5, []byte{0, 2})
	out = section(out, 6, []byte{i32, 1, 0x41, 16, 0x0b}, []byte{i64, 1, 0x42, 3, 0x0b}, []byte{f64, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b})
	out = section(out, 7, exports...)
	out = section(out, 10, sized(run), sized([]byte{0, 0x41, 1, 0x40, 0, 0x1a, 0x0b}))
	return section(out, 11, slices.Concat([]byte{0, 0x41, 0, 0x0b}, sized([]byte("what the module starts with"))))
}

func section(out []byte, id byte, items ...[]byte) []byte {
	body := slices.Concat(append([][]byte{{byte(len(items))}}, items...)...)
	return slices.Concat(out, []byte{id}, sized(body))
}

func exported(name string, kind, index byte) []byte {
	return append(sized([]byte(name)), kind, index)
}

func sized(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }
