package meter_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// FuzzRewrite holds that the rewriter never panics, and that the engine takes
// a rewritten module exactly if it takes the module.
func FuzzRewrite(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, binary []byte) {
		result, err := meter.Rewrite(binary, meter.Options{ExportGlobals: true})
		if err != nil {
			if e := (*meter.Error)(nil); !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(binary) || e.Reason == "" {
				t.Fatalf("refused without a place or a reason: %v", err)
			}
			return
		}
		if hasCustom(binary) {
			return // they are dropped; the engine minds them, and may take all memory for a few bytes of names
		}
		r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(100))
		defer r.Close(context.Background())
		_, before := r.CompileModule(context.Background(), binary)
		_, after := r.CompileModule(context.Background(), result.Module)
		if (before == nil) != (after == nil) {
			t.Fatalf("the engine said %v, and of the rewritten module %v", before, after)
		}
	})
}

func hasCustom(module []byte) bool {
	for at := 8; at < len(module); {
		id := module[at]
		size, n := binary.Uvarint(module[at+1:])
		if id == 0 {
			return true
		}
		at += 1 + n + int(size)
	}
	return false
}

// seed adds small modules of all kinds.
func seed(f *testing.F) {
	f.Helper()
	for _, w := range hostile() {
		if binary := w.bytes(); len(binary) < 4096 {
			f.Add(binary)
		}
	}
	w := bulky()
	w.data = []string{"\x01\x01a"}
	f.Add(w.bytes())
	f.Add(everything(fn{typ: tI32, code: get(0)}).bytes())
	paths, err := filepath.Glob(filepath.Join(engineDir(f), "internal", "integration_test", "spectest", "v2", "testdata", "*.0.wasm"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Size() < 4096 {
			f.Add(read(f, path))
		}
	}
}
