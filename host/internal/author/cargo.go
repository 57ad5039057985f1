package author

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// cargo builds the crate with the first toolchain that has a WASI target.
func (p *Project) cargo(ctx context.Context) (recipe, error) {
	t, err := findRust(ctx)
	if err != nil {
		return recipe{}, err
	}
	return recipe{
		args: []string{t.cargo, "build", "--offline", "--release", "--target", t.target, "--target-dir", "target"},
		env:  []string{"RUSTC=" + t.rustc},
		made: filepath.Join(p.Dir, "target", t.target, "release", strings.ReplaceAll(p.Name, "-", "_")+".wasm"),
	}, nil
}

// rust is a toolchain, and the name that it has for WASI: that changed in Rust 1.78.
type rust struct{ cargo, rustc, target string }

// findRust looks for one. A machine may have rustup's compiler without the
// target beside Debian's with it.
func findRust(ctx context.Context) (rust, error) {
	found := false
	for _, t := range []rust{{cargo: "cargo", rustc: "rustc"}, {cargo: "/usr/bin/cargo", rustc: "/usr/bin/rustc"}} {
		sysroot, err := exec.CommandContext(ctx, t.rustc, "--print=sysroot").Output()
		if err != nil {
			continue
		}
		found = true
		for _, t.target = range []string{"wasm32-wasip1", "wasm32-wasi"} {
			std, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(sysroot)), "lib", "rustlib", t.target, "lib", "libstd-*.rlib")) // the pattern is well formed
			if len(std) > 0 {
				return t, nil
			}
		}
	}
	if !found {
		return rust{}, toolError(Rust, "rustc", exec.ErrNotFound)
	}
	return rust{}, fmt.Errorf("the Rust of this machine has no target of WebAssembly: %s. In a checkout, `task sdks:setup` installs the toolchains of all languages", Rust.toolchain())
}
