package author

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/process"
)

// Languages of native executors: programs that a host runs as processes.
const (
	Python   Language = "python"
	Node     Language = "node"
	GoNative Language = "go-native"
)

// ContractNative is the contract of programs, and of bundles of them.
const ContractNative = process.Contract

// NativeLanguages lists those of native executors that this release has an SDK
// for. [Languages] lists those of WASM modules.
func NativeLanguages() []Language { return []Language{Python, Node, GoNative} }

// Native reports whether what is built of l is no WASM module.
func (l Language) Native() bool { return l == Python || l == Node || l == GoNative }

// program is how a bundle is started, on the author's machine as on a host.
func (l Language) program() []string {
	switch l {
	case Python:
		return []string{"python3", "handler.py"}
	case Node:
		return []string{"node", "main.mjs"}
	}
	return nil
}

// interpreters are those that bundles may be run by here. One that is missing is
// left out, and the engine says so.
func interpreters(ctx context.Context) map[string]string {
	found := map[string]string{}
	for _, name := range []string{"python3", "node"} {
		if path, err := interpreter(ctx, name); err == nil {
			found[name] = path
		}
	}
	return found
}

// interpreter finds the program that runs a language's bundles. The first
// python3 of the path may be one of pyenv that lacks gRPC, beside Debian's,
// which has it; and it may be a script that only leads to the real one.
func interpreter(ctx context.Context, name string) (string, error) {
	if name != "python3" {
		return exec.LookPath(name)
	}
	var failed error
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		out, err := exec.CommandContext(ctx, candidate, "-c", "import grpc, sys; print(sys.executable)").Output()
		if err == nil {
			return strings.TrimSpace(string(out)), nil
		}
		failed = errors.Join(failed, err)
	}
	return "", fmt.Errorf("no python3 here has gRPC: %s (%w)", Python.toolchain(), failed)
}

// agrees holds what a program says of itself against the folder. Only bundles
// take the folder's word with them.
func (p *Project) agrees(own *abi.Manifest) error {
	if p.Language != GoNative || len(p.Build) > 0 || own == nil {
		return nil
	}
	switch {
	case own.Name != p.Name || own.Version != p.Version:
		return fmt.Errorf("%w: the program calls itself %q in version %q, %s says %q and %q: let sdk.Register(handle, sdk.Named(%q, %q)) say the same",
			ErrRefused, own.Name, own.Version, ProjectFile, p.Name, p.Version, p.Name, p.Version)
	case p.Wants.HTTP || len(p.Wants.Classes)+len(p.Wants.Commands)+len(p.Wants.Events) > 0:
		return fmt.Errorf("%w: a program says itself what it wants: move \"wants\" from %s into sdk.Register, as sdk.WantsHTTP() or sdk.WantsClasses(…)", ErrRefused, ProjectFile)
	}
	return nil
}

// goNative builds for Linux, where native executors run. -mod=mod completes
// go.mod with the modules that gRPC needs.
func goNative(out string) recipe {
	return recipe{
		args: []string{"go", "build", "-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "."},
		env:  []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH, "CGO_ENABLED=0", "GOWORK=off"},
	}
}

// tempDir is a private directory for the engine of native executors, with a name
// that leaves room for that of a socket. Plugins with users of their own pass
// through it.
func tempDir() (string, error) {
	dir, err := os.MkdirTemp("", "lw")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}
