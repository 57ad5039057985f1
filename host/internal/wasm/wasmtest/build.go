// Package wasmtest builds guests for tests: from Go source with the toolchain
// that runs the test, and for benchmarks from other languages with theirs.
package wasmtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build returns the core module of a package: an import path, or a directory
// relative to the test's own that starts with a dot. A package is built once
// per test binary.
func Build(t testing.TB, pkg string) []byte {
	t.Helper()
	return built(t, pkg, "-buildmode=c-shared")
}

// BuildCommand returns the command module of a package; see [Build].
func BuildCommand(t testing.TB, pkg string) []byte {
	t.Helper()
	return built(t, pkg, "-buildmode=exe")
}

type artifact struct{ pkg, mode string }

// builds holds a func() ([]byte, error) per artifact. Building takes seconds,
// so the tests of a binary share it.
var builds sync.Map

func built(t testing.TB, pkg, mode string) []byte {
	t.Helper()
	build, _ := builds.LoadOrStore(artifact{pkg, mode}, sync.OnceValues(func() ([]byte, error) { return goBuild(pkg, mode) }))
	module, err := build.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func goBuild(pkg, mode string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "lessee-guest-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the guest: %w", err)
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", "build", mode, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build guest %s: %w\n%s", pkg, err, said)
	}
	return os.ReadFile(out)
}
