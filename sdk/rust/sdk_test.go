//go:build sdks

package rust_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest/guesttest"
)

func TestRust_ConformsToTheVectors(t *testing.T) {
	guesttest.Conform(t, compiler(t).build(t, "testdata/vectors.rs"), "../../abi/testdata")
}

func TestRust_GreetsAsTheGoExampleDoes(t *testing.T) {
	guesttest.Greets(t, compiler(t).build(t, "examples/greet/src/lib.rs"))
}

func TestRust_TheReadmesExampleWorks(t *testing.T) {
	source := filepath.Join(t.TempDir(), "count.rs")
	if err := os.WriteFile(source, []byte(guesttest.ReadmeExample(t, "rust")), 0o600); err != nil {
		t.Fatal(err)
	}
	guesttest.Counts(t, compiler(t).build(t, source))
}

func TestRust_NoopIsOK(t *testing.T) {
	if got := guesttest.Run(t, compiler(t).build(t, "examples/noop/src/lib.rs"), `{}`); got.Status != abi.StatusOK {
		t.Errorf("%+v", got)
	}
}

func TestRust_RunsItsOwnTests(t *testing.T) {
	c, out := compiler(t), filepath.Join(t.TempDir(), "test")
	c.run(t, "--edition=2021", "--crate-name=lessee", "--test", "-o", out, "src/lib.rs")
	if said, err := exec.Command(out).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// rustc is a compiler that has the standard library of a WASI target.
type rustc struct{ path, target string }

// compiler finds one: the target's name changed in Rust 1.78, and a machine may
// have a compiler of rustup without the target beside Debian's with it.
func compiler(t *testing.T) rustc {
	t.Helper()
	for _, path := range []string{"rustc", "/usr/bin/rustc"} {
		for _, target := range []string{"wasm32-wasip1", "wasm32-wasi"} {
			dir, err := exec.Command(path, "--print=sysroot").Output()
			if err != nil {
				continue
			}
			lib := filepath.Join(string(dir[:len(dir)-1]), "lib", "rustlib", target, "lib")
			if std, _ := filepath.Glob(filepath.Join(lib, "libstd-*.rlib")); len(std) > 0 {
				return rustc{path, target}
			}
		}
	}
	t.Fatal("no rustc has a WASI target: install one by `task sdks:setup`")
	return rustc{}
}

// build returns the module that rustc makes of a source; a warning is an error.
func (c rustc) build(t *testing.T, source string) []byte {
	t.Helper()
	dir := t.TempDir()
	lib, out := filepath.Join(dir, "liblessee.rlib"), filepath.Join(dir, "guest.wasm")
	flags := []string{"--edition=2021", "--target=" + c.target, "-Dwarnings", "-Copt-level=3", "-Cstrip=debuginfo"}
	c.run(t, append(flags, "--crate-type=rlib", "--crate-name=lessee", "-o", lib, "src/lib.rs")...)
	c.run(t, append(flags, "--crate-type=cdylib", "--crate-name=guest", "--extern=lessee="+lib, "-o", out, source)...)
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func (c rustc) run(t *testing.T, args ...string) {
	t.Helper()
	if said, err := exec.Command(c.path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", c.path, args, err, said)
	}
}
