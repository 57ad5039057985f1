package wasmtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Guests in other languages are built as the READMEs of their SDKs say. A
// source is a path from the root of this repository.

// C returns the core module that clang makes of a plugin.
func C(t testing.TB, source string) []byte {
	t.Helper()
	return made(t, func(out string) *exec.Cmd {
		return exec.Command("clang", "--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-Wl,--stack-first,--strip-debug", "-I", "sdk/c", "-o", out, source)
	})
}

// AssemblyScript returns the core module that the SDK's compiler makes of a plugin.
func AssemblyScript(t testing.TB, source string) []byte {
	t.Helper()
	return made(t, func(out string) *exec.Cmd {
		return exec.Command("node", "sdk/assemblyscript/build.mjs", source, "-o", out)
	})
}

// Rust returns the module that rustc makes of a source, with the profile of
// the SDK's template. Flags come last, so they may change that.
func Rust(t testing.TB, source string, flags ...string) []byte {
	t.Helper()
	rustc, target := rustc(t)
	profile := append([]string{"--edition=2021", "--target=" + target, "-Copt-level=3", "-Cembed-bitcode=yes"}, flags...)
	sdk := filepath.Join(t.TempDir(), "liblessee.rlib")
	run(t, exec.Command(rustc, append(slices.Clone(profile), "--crate-type=rlib", "--crate-name=lessee", "-o", sdk, "sdk/rust/src/lib.rs")...))
	return made(t, func(out string) *exec.Cmd {
		return exec.Command(rustc, append(profile, "-Clto", "-Cstrip=debuginfo", "--crate-type=cdylib", "--crate-name=guest", "--extern=lessee="+sdk, "-o", out, source)...)
	})
}

// rustc finds a compiler that has the standard library of a WASI target. The
// target's name changed in Rust 1.78, and a machine may have a compiler of
// rustup without the target beside Debian's with it.
func rustc(t testing.TB) (path, target string) {
	t.Helper()
	for _, path := range []string{"rustc", "/usr/bin/rustc"} {
		sysroot, err := exec.Command(path, "--print=sysroot").Output()
		if err != nil {
			continue
		}
		for _, target := range []string{"wasm32-wasip1", "wasm32-wasi"} {
			std, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(sysroot)), "lib", "rustlib", target, "lib", "libstd-*.rlib")) // the pattern is well formed
			if len(std) > 0 {
				return path, target
			}
		}
	}
	t.Fatal("no rustc has a WASI target" + remedy)
	return "", ""
}

const remedy = ": install the toolchains by `task sdks:setup`"

func made(t testing.TB, build func(out string) *exec.Cmd) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	run(t, build(out))
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("find the root of the module: %v", err)
	}
	cmd.Dir = strings.TrimSpace(string(root))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%s: %w%s\n%s", strings.Join(cmd.Args, " "), err, remedy, said))
	}
}
