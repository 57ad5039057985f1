package meter_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// work is what the guest in testdata/work can do, in its order, and how much
// of it takes some milliseconds.
var work = []struct {
	name   string
	amount uint64
}{{"json", 20}, {"regexp", 8}, {"sha256", 40}, {"sort", 6000}, {"markdown", 5}, {"gzip", 5}, {"big", 20}, {"float", 400_000}, {"map", 8000}, {"panic", 33}}

func worker(t testing.TB) []byte { return wasmtest.Build(t, "./testdata/work") }

// TestAGoGuestDoesTheSameRewritten compares results, traps, memory and the
// guest's globals on both engines, and the fuel between engines and slices.
func TestAGoGuestDoesTheSameRewritten(t *testing.T) {
	binary := worker(t)
	result := rewrite(t, binary)
	fuel := map[string]int64{}
	for engine, config := range configs() {
		plain, metered := newHost(t, config), newHost(t, config)
		metered.budget.Slice = map[string]int64{"compiler": 1 << 40, "interpreter": 10_007}[engine]
		plain.instantiate(t, binary)
		metered.instantiate(t, result.Module)
		for kind, w := range work {
			amount := w.amount/10 + 1
			want := plainCall(context.Background(), plain.module, "work", uint64(kind), amount)
			got := metered.call(context.Background(), "work", uint64(kind), amount)
			if !alike(want, got) {
				t.Errorf("%s on the %s: %v, rewritten %v", w.name, engine, want, got)
			}
			if before, ok := fuel[w.name]; ok && before != got.used {
				t.Errorf("%s: the engines used %d and %d", w.name, before, got.used)
			}
			fuel[w.name] = got.used
			compareStates(t, w.name+" on the "+engine, plain, metered, result)
		}
	}
}

func compareStates(t *testing.T, name string, plain, metered *host, result meter.Result) {
	t.Helper()
	a, _ := plain.module.Memory().Read(0, plain.module.Memory().Size())
	b, _ := metered.module.Memory().Read(0, metered.module.Memory().Size())
	if !bytes.Equal(a, b) {
		t.Errorf("%s: the memories differ", name)
	}
	for _, g := range result.Facts.Globals {
		if a, b := rawGlobal(plain.module, g.Index), metered.global(g.Export).Get(); a != b {
			t.Errorf("%s: global %d is %d, rewritten %d", name, g.Index, a, b)
		}
	}
}

// rawGlobal reads a global that is not exported.
func rawGlobal(m api.Module, i uint32) uint64 {
	return m.(interface{ Global(int) api.Global }).Global(int(i)).Get()
}

// TestProgramsInOtherLanguagesDoTheSameRewritten runs the WASI programs that
// the engine's sources carry: Rust, Zig, C and TinyGo.
func TestProgramsInOtherLanguagesDoTheSameRewritten(t *testing.T) {
	dir := filepath.Join(engineDir(t), "imports", "wasi_snapshot_preview1", "testdata")
	programs, err := filepath.Glob(filepath.Join(dir, "*", "*.wasm"))
	if err != nil || len(programs) < 4 {
		t.Fatalf("%v, %v", programs, err)
	}
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "file"), []byte("contents"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range programs {
		binary := read(t, path)
		metered := rewrite(t, binary).Module
		for _, args := range []string{"ls .", "ls . repeat", "ls ./nowhere", "stat", "preopen", "stdin"} {
			want, got := runProgram(t, binary, root, args), runProgram(t, metered, root, args)
			if want != got {
				t.Errorf("%s %s: %q, rewritten %q", path, args, want, got)
			}
		}
	}
}

func runProgram(t *testing.T, binary []byte, root, args string) string {
	t.Helper()
	var out bytes.Buffer
	h := newHost(t, wazero.NewRuntimeConfigCompiler())
	defer h.runtime.Close(context.Background())
	config := wazero.NewModuleConfig().WithName("").WithStdout(&out).WithStderr(&out).WithStdin(strings.NewReader("")).
		WithArgs(append([]string{"wasi"}, strings.Fields(args)...)...).WithFSConfig(wazero.NewFSConfig().WithDirMount(root, "/"))
	_, err := h.runtime.InstantiateWithConfig(context.Background(), binary, config)
	return out.String() + trapOf(err)
}
