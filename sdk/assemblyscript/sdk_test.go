//go:build sdks

package assemblyscript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest/guesttest"
)

func TestAssemblyScript_ConformsToTheVectors(t *testing.T) {
	guesttest.Conform(t, build(t, "testdata/vectors.ts"), "../../abi/testdata")
}

func TestAssemblyScript_GreetsAsTheGoExampleDoes(t *testing.T) {
	guesttest.Greets(t, build(t, "examples/greet/greet.ts"))
}

func TestAssemblyScript_NoopAnswersOK(t *testing.T) {
	if got := guesttest.Run(t, build(t, "examples/noop/noop.ts"), `{}`); got.Status != abi.StatusOK {
		t.Errorf("%+v", got)
	}
}

func TestAssemblyScript_HandlersPassTheirOwnTests(t *testing.T) {
	node(t, "--test", "test/", "examples/")
}

// build returns the module that build.mjs makes of a handler.
func build(t *testing.T, handler string, flags ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	node(t, append([]string{"build.mjs", handler, "-o", out}, flags...)...)
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func node(t *testing.T, args ...string) {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatalf("%v: install the toolchains by `task sdks:setup`", err)
	}
	if said, err := exec.Command("node", args...).CombinedOutput(); err != nil {
		t.Fatalf("node %v: %v\n%s", args, err, said)
	}
}
