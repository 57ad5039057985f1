package author

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// describe is the manifest of the module: what the folder says, and where it
// says nothing, what the sources do.
func (p *Project) describe(ctx context.Context, info wasm.Info, said io.Writer) (abi.Manifest, error) {
	m := p.manifest()
	switch {
	case info.Manifest != nil: // the build has packed one
		return merge(m, *info.Manifest), nil
	case p.Language == Go && len(p.Build) == 0 && (len(m.Schemas.Payload) == 0 || len(m.Schemas.Output) == 0):
		own, err := p.derive(ctx, said)
		return merge(m, own), err
	}
	return m, nil
}

// derive asks the plugin itself. A Go program that runs on the SDK tells its
// manifest when it is built for this machine.
func (p *Project) derive(ctx context.Context, said io.Writer) (abi.Manifest, error) {
	return p.tells(ctx, said, []string{"go", "run", ".", "-manifest"},
		"Keep main as plugin.Main(), and what only builds for WebAssembly in files of their own; or give schemas.payload and schemas.output in "+ProjectFile)
}

// tells asks a program for its manifest.
func (p *Project) tells(ctx context.Context, said io.Writer, args []string, remedy string) (abi.Manifest, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, &out, said
	cmd.Env = append(cmd.Environ(), "GOWORK=off", "PYTHONDONTWRITEBYTECODE=1")
	err := cmd.Run()
	if ctx.Err() != nil {
		return abi.Manifest{}, ctx.Err()
	}
	m := abi.Manifest{}
	if err == nil {
		if err := p.sameABI(out.Bytes()); err != nil {
			return m, err
		}
		m, err = abi.DecodeManifest(out.Bytes())
	}
	if err != nil {
		why := ""
		if errors.As(err, new(*exec.ExitError)) {
			why = ", which says above why"
		}
		return m, fmt.Errorf("%w: the plugin does not tell its manifest by %s%s: %w\n  %s", ErrBuild, strings.Join(args, " "), why, err, remedy)
	}
	return m, nil
}

// sameABI refuses the manifest of another ABI version, with the remedy.
func (p *Project) sameABI(manifest []byte) error {
	var v struct {
		ABI int `json:"abi"`
	}
	if json.Unmarshal(manifest, &v) == nil && v.ABI != 0 && v.ABI != abi.Version {
		return p.refuse(abi.Errorf(abi.CodeABIMismatch, "the plugin's SDK speaks ABI v%d, this release v%d", v.ABI, abi.Version))
	}
	return nil
}

// merge adds what the sources say of themselves. The folder's word counts more,
// but for wants, which add up.
func merge(m, own abi.Manifest) abi.Manifest {
	for _, pair := range [][2]*[]byte{
		{(*[]byte)(&m.Schemas.Payload), (*[]byte)(&own.Schemas.Payload)},
		{(*[]byte)(&m.Schemas.Output), (*[]byte)(&own.Schemas.Output)},
		{(*[]byte)(&m.Schemas.Config), (*[]byte)(&own.Schemas.Config)},
	} {
		if len(*pair[0]) == 0 {
			*pair[0] = *pair[1]
		}
	}
	if len(m.WarmUp) == 0 {
		m.WarmUp = own.WarmUp
	}
	m.Wants.Classes = union(m.Wants.Classes, own.Wants.Classes)
	m.Wants.Commands = union(m.Wants.Commands, own.Wants.Commands)
	m.Wants.Events = union(m.Wants.Events, own.Wants.Events)
	m.Wants.HTTP = m.Wants.HTTP || own.Wants.HTTP
	return m
}

func union(a, b []string) []string {
	both := slices.Concat(a, b)
	slices.Sort(both)
	return slices.Compact(both)
}
