package conformance_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/conformance"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// shared is one engine for all tests, because compiling a Go guest takes seconds.
var shared = sync.OnceValues(func() (*author.Workshop, error) { return author.OpenWorkshop(context.Background(), sharedCache) })

var sharedCache string

func TestMain(m *testing.M) {
	process.LaunchIfAsked()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "lessee-cache-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		sharedCache = dir
		return m.Run()
	}())
}

func workshop(t testing.TB) *author.Workshop {
	t.Helper()
	w, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// guest is the module of a directory of sources: text format, bytes in hex, or Go.
func guest(t testing.TB, dir string) []byte {
	t.Helper()
	if text, err := os.ReadFile(filepath.Join(dir, "guest.wat")); err == nil {
		module, err := assemble(string(text))
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		return module
	}
	if text, err := os.ReadFile(filepath.Join(dir, "guest.hex")); err == nil {
		_, digits, _ := strings.Cut(string(text), "\n")
		module, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		return module
	}
	if filepath.Base(dir) == "forgotten-buildmode" {
		return wasmtest.BuildCommand(t, "./"+dir)
	}
	return wasmtest.Build(t, "./"+dir)
}

// check tries a module under limits that are soon hit.
func check(t testing.TB, module []byte, payloads ...string) map[string]conformance.Outcome {
	t.Helper()
	o := conformance.Options{Class: func(m *author.Module) (author.Class, error) {
		class := author.ClassOf(m)
		class.Limits.Fuel, class.Limits.WallMS = 200_000_000, 20_000
		return class, nil
	}}
	for _, payload := range payloads {
		o.Payloads = append(o.Payloads, json.RawMessage(payload))
	}
	outcomes, err := conformance.Plugin(t.Context(), workshop(t), module, o)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]conformance.Outcome{}
	for _, outcome := range outcomes {
		found[outcome.Check] = outcome
	}
	return found
}
