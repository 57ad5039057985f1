package author

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrBuild says that a compiler found something; its own words went to the
// writer that [Build] was given.
var ErrBuild = errors.New("the build failed")

// compile runs the recipe and returns the module. What the compiler says goes
// to said as it comes.
func (p *Project) compile(ctx context.Context, said io.Writer) ([]byte, error) {
	if p.Language.program() != nil && len(p.Build) == 0 {
		return p.bundle(ctx, said)
	}
	dir, err := os.MkdirTemp("", "lessee-plugin-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the build: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	out := filepath.Join(dir, p.productName())
	r, err := p.recipe(ctx, out)
	if err != nil {
		return nil, err
	}
	if err := linkPackages(p); err != nil {
		return nil, err
	}
	heard := &bytes.Buffer{}
	if err := r.run(ctx, p, io.MultiWriter(said, heard)); err != nil {
		return nil, p.broken(ctx, r, heard.String(), err)
	}
	if r.made != "" {
		out = r.made
	}
	module, err := os.ReadFile(out)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s ended well and made no file %s%s", ErrBuild, r.args[0], filepath.Base(out), p.whyNothing())
	}
	return module, err
}

// whyNothing says why a build may make no file, or another one.
func (p *Project) whyNothing() string {
	switch {
	case len(p.Build) > 0:
		return ": the command of \"build\" in " + ProjectFile + " must write to " + outputWord
	case p.Language == Rust:
		return ": Cargo.toml must name the package " + p.Name + ", as " + ProjectFile + " does, and have crate-type = [\"cdylib\"]"
	}
	return ""
}

func (r recipe) run(ctx context.Context, p *Project, said io.Writer) error {
	cmd := exec.CommandContext(ctx, r.args[0], r.args[1:]...)
	cmd.Dir, cmd.Env = p.Dir, append(os.Environ(), r.env...)
	cmd.Stdout, cmd.Stderr = said, said
	return cmd.Run()
}

// broken is the sentence below the compiler's own words.
func (p *Project) broken(ctx context.Context, r recipe, heard string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return toolError(p.Language, r.args[0], err)
	}
	for sign, remedy := range p.Language.signs() {
		if strings.Contains(heard, sign) {
			return fmt.Errorf("%w: %s", ErrBuild, remedy)
		}
	}
	return fmt.Errorf("%w: %s says above why (%w). Mend that, and run lessee plugin build again", ErrBuild, strings.Join(r.args[:min(2, len(r.args))], " "), err)
}
