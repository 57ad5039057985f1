package author

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// outputWord stands for the file to make in the build command of a plugin.json.
const outputWord = "{out}"

// recipe is how a module is made of the sources.
type recipe struct {
	args []string
	env  []string
	made string // the file it makes, if that is not the one it was told
}

// recipe returns how p is built into the file out.
func (p *Project) recipe(ctx context.Context, out string) (recipe, error) {
	if len(p.Build) > 0 {
		custom := recipe{}
		for _, arg := range p.Build {
			custom.args = append(custom.args, strings.ReplaceAll(arg, outputWord, out))
		}
		return custom, nil
	}
	switch p.Language {
	case Go:
		return recipe{
			args: []string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, "."},
			env:  []string{"GOOS=wasip1", "GOARCH=wasm", "GOWORK=off"},
		}, nil
	case Rust:
		return p.cargo(ctx)
	case C:
		return p.clang(out)
	case AssemblyScript:
		return recipe{args: []string{"node", filepath.Join(sdkDir, "build.mjs"), "handler.ts", "--output", out}}, nil
	case JavaScript:
		return p.javaScript(out), nil
	case GoNative:
		return goNative(out), nil
	}
	return recipe{}, fmt.Errorf("%s: %w", p.Language, ErrNoKit)
}

// clang takes all sources of the folder. The names of functions stay: a trap
// shows them.
func (p *Project) clang(out string) (recipe, error) {
	sources, err := filepath.Glob(filepath.Join(p.Dir, "*.c"))
	if err != nil {
		return recipe{}, err
	}
	if len(sources) == 0 {
		return recipe{}, fmt.Errorf("%w: %s holds no .c file: write the handler in one, or give \"build\" in %s", ErrBuild, p.Dir, ProjectFile)
	}
	args := []string{"clang", "--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-Wall", "-Wl,--stack-first,--strip-debug", "-I", sdkDir, "-o", out}
	for _, source := range sources {
		args = append(args, filepath.Base(source))
	}
	return recipe{args: args}, nil
}

// javaScript bundles the handler into the engine of the SDK.
func (p *Project) javaScript(out string) recipe {
	args := []string{"node", filepath.Join(sdkDir, "build.mjs"), "handler.mjs", "--output", out}
	if p.Wants.HTTP {
		args = append(args, "--http")
	}
	return recipe{args: args}
}
