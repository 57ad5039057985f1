//go:build sdks

package c_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest/guesttest"
)

// The two builds of README.md.
var (
	withLibc    = []string{"--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-Wl,--stack-first,--strip-debug"}
	withoutLibc = []string{"--target=wasm32", "-ffreestanding", "-nostdlib", "-mbulk-memory", "-O2", "-Wl,--no-entry,--stack-first"}
)

func TestC_ConformsToTheVectors(t *testing.T) {
	guesttest.Conform(t, build(t, "testdata/vectors.c", withLibc), "../../abi/testdata")
}

func TestC_GreetsAsTheGoExampleDoes(t *testing.T) {
	guesttest.Greets(t, build(t, "examples/greet.c", withLibc))
}

func TestC_TheReadmesExampleWorks(t *testing.T) {
	source := filepath.Join(t.TempDir(), "count.c")
	if err := os.WriteFile(source, []byte(guesttest.ReadmeExample(t, "c")), 0o600); err != nil {
		t.Fatal(err)
	}
	guesttest.Counts(t, build(t, source, withLibc))
}

func TestC_NoopNeedsNoLibc(t *testing.T) {
	for name, flags := range map[string][]string{"with": withLibc, "without": withoutLibc} {
		if got := guesttest.Run(t, build(t, "examples/noop.c", flags), `{}`); got.Status != abi.StatusOK {
			t.Errorf("%s libc: %+v", name, got)
		}
	}
}

func TestC_CompilesAsCPlusPlus(t *testing.T) {
	build(t, "examples/noop.c", append([]string{"-x", "c++", "-fno-exceptions", "-Wno-missing-field-initializers", "-Wno-missing-braces"}, withoutLibc...))
}

// build returns the module that clang makes of a source; a warning is an error.
func build(t *testing.T, source string, flags []string) []byte {
	t.Helper()
	clang, err := exec.LookPath("clang")
	if err != nil {
		t.Fatalf("%v: install the toolchains by `task sdks:setup`", err)
	}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	args := append([]string{"-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I.", "-o", out}, flags...)
	if said, err := exec.Command(clang, append(args, source)...).CombinedOutput(); err != nil {
		t.Fatalf("clang %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}
