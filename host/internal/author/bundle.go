package author

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// bundle packs the folder as a host unpacks it: the same files make the same
// bytes. The program is run once, to tell its manifest.
func (p *Project) bundle(ctx context.Context, said io.Writer) ([]byte, error) {
	if err := linkPackages(p); err != nil {
		return nil, err
	}
	if err := p.hasPackages(); err != nil {
		return nil, err
	}
	manifest, err := p.bundleManifest(ctx, said)
	if err != nil {
		return nil, err
	}
	command, err := json.Marshal(map[string][]string{"command": p.Language.program()})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	b := &packer{w: w, language: p.Language}
	b.add(bundleFile, 0o644, command)
	b.add(manifestFile, 0o644, manifest)
	b.dir(p.Dir, "", 0)
	if err := errors.Join(b.err, w.Close()); err != nil {
		return nil, fmt.Errorf("pack the bundle: %w", err)
	}
	return out.Bytes(), nil
}

// hasPackages reports a bundle in Node that would lack gRPC: the program would
// tell its manifest all the same, and no host could start it.
func (p *Project) hasPackages() error {
	if p.Language != Node {
		return nil
	}
	for _, dir := range []string{filepath.Join(sdkDir, nodeModules), nodeModules} {
		if _, err := os.Stat(filepath.Join(p.Dir, dir, "@grpc", "grpc-js")); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: the packages that the SDK needs are missing: %s", ErrBuild, p.Language.toolchain())
}

// bundleManifest is what the folder says, and what the program derives from its handler.
func (p *Project) bundleManifest(ctx context.Context, said io.Writer) ([]byte, error) {
	program := p.Language.program()
	run, err := interpreter(ctx, program[0])
	if err != nil {
		return nil, toolError(p.Language, program[0], err)
	}
	own, err := p.tells(ctx, said, append([]string{run}, append(program[1:], "-manifest")...),
		"Let the file end by serving the handler, and print nothing while it is loaded")
	if err != nil {
		return nil, err
	}
	return json.Marshal(merge(p.manifest(), own))
}

// maxDepth stops at links that lead in a circle.
const maxDepth = 32

// packer writes a tree into a bundle. Links are followed: a bundle has none.
type packer struct {
	w        *tar.Writer
	language Language
	err      error
}

func (b *packer) dir(from, to string, depth int) {
	entries, err := os.ReadDir(from)
	if err == nil && depth > maxDepth {
		err = fmt.Errorf("%s lies deeper than %d folders: does a link lead in a circle?", from, maxDepth)
	}
	if err != nil {
		b.err = err
		return
	}
	for _, e := range entries {
		source, name := filepath.Join(from, e.Name()), path.Join(to, e.Name())
		if b.err != nil || b.leavesOut(name) {
			continue
		}
		info, err := os.Stat(source)
		switch {
		case err != nil:
			b.err = err
		case info.IsDir():
			b.dir(source, name, depth+1)
		case info.Mode().IsRegular():
			b.file(source, name, info.Mode())
		}
	}
}

// leavesOut are the names of what no job needs: hidden, tests, what was built,
// and what compilers and people read of packages. The SDK of Node is among the
// packages already.
func (b *packer) leavesOut(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || base == "__pycache__" || strings.HasSuffix(base, ".pyc") {
		return true
	}
	if strings.HasPrefix(name, nodeModules+"/") {
		return slices.Contains([]string{".map", ".md", ".markdown"}, path.Ext(base)) || strings.HasSuffix(base, ".d.ts") || base == "@types"
	}
	top := !strings.Contains(name, "/")
	switch {
	case top && slices.Contains([]string{bundleFile, manifestFile, pairsDir, "README.md"}, base):
		return true
	case top && b.language == Node && base == sdkDir:
		return true
	}
	return strings.HasSuffix(base, ".tar") || strings.HasSuffix(base, ".new") || strings.Contains(base, ".test.") || b.language == Python && top && strings.HasPrefix(base, "test_")
}

func (b *packer) file(source, name string, mode fs.FileMode) {
	data, err := os.ReadFile(source)
	if err != nil {
		b.err = err
		return
	}
	plain := int64(0o644)
	if mode&0o111 != 0 {
		plain = 0o755
	}
	b.add(name, plain, data)
}

func (b *packer) add(name string, mode int64, data []byte) {
	if b.err != nil {
		return
	}
	if b.err = b.w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data)), Format: tar.FormatPAX}); b.err == nil {
		_, b.err = b.w.Write(data)
	}
}
