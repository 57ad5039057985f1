package author

import (
	"errors"
	"fmt"
	"os/exec"
)

// toolchain says how to get a language's compiler.
func (l Language) toolchain() string {
	switch l {
	case Go:
		return "install Go " + goVersion + " or later from https://go.dev/dl"
	case Rust:
		return "apt-get install cargo libstd-rust-dev-wasm32 lld, or with rustup: rustup target add wasm32-wasip1"
	case C:
		return "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32"
	case Python:
		return "apt-get install python3-grpcio, or python3 -m pip install grpcio"
	case GoNative:
		return Go.toolchain()
	case AssemblyScript, JavaScript, Node:
		return fmt.Sprintf("apt-get install nodejs npm, and then: lessee plugin setup %s", l)
	}
	return "install it, or mend \"build\" in " + ProjectFile
}

// toolError is the error of a tool that could not be run.
func toolError(l Language, tool string, err error) error {
	if !errors.Is(err, exec.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s is not on this machine: %s. In a checkout, `task sdks:setup` installs the toolchains of all languages", tool, l.toolchain())
}

// signs are words of a compiler whose cause is the machine, not the source, and
// the remedy.
func (l Language) signs() map[string]string {
	switch l {
	case Go, GoNative:
		return map[string]string{"cannot find GOROOT": l.toolchain()}
	case Rust:
		return map[string]string{"target may not be installed": "the compiler's WebAssembly target is missing: " + l.toolchain()}
	case C:
		missing := "the C library or the linker for WebAssembly is missing: " + l.toolchain()
		return map[string]string{"wasm-ld": missing, "unable to create target": missing, "'stdio.h' file not found": missing, "crt1-reactor.o": missing}
	case AssemblyScript, JavaScript, Node:
		return map[string]string{"Cannot find package": "packages are missing: " + l.toolchain(), "Cannot find module": "packages are missing: " + l.toolchain()}
	}
	return nil
}

// entry says how a handler becomes the module's, for a module without exports.
func (l Language) entry() string {
	switch l {
	case Go:
		return "keep `var plugin = sdk.Register(handler)` in package main, and build with -buildmode=c-shared, as lessee plugin build does"
	case Rust:
		return "end the crate with lessee::plugin!(handler), and keep crate-type = [\"cdylib\"] in Cargo.toml"
	case C:
		return "end one file with LESSEE_PLUGIN(handler), and build with -mexec-model=reactor, as lessee plugin build does"
	case AssemblyScript:
		return "export the handler from handler.ts: export function handle(call: Call, input: Input): Result"
	case GoNative:
		return "keep main as process.Serve(plugin), with plugin made by sdk.Register"
	case Python:
		return "end handler.py with: if __name__ == \"__main__\": lessee.serve(handle)"
	case Node:
		return "let main.mjs end with: serve(handle, shapes)"
	case JavaScript:
		return "let the handler be the default export of the entry file"
	}
	return ""
}
