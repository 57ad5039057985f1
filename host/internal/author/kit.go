package author

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// sdkDir is the folder of a project that holds its copy of the SDK.
const sdkDir = "lessee"

// goVersion is what the SDK's copy in a project asks for, as go.mod does.
const goVersion = "1.26.0"

// kit says which shipped files are a language's SDK, and what of their path
// stays behind.
type kit struct {
	template string
	root     string
	files    []string          // patterns under root
	more     map[string]string // files that are not shipped as they are

	derived func(fs.FS) (map[string]string, error) // files that are made of shipped ones; nil: none
}

// kits are the SDKs of this release. The patterns are those of shipped.go.
func kits() map[Language]kit {
	return map[Language]kit{
		Go: {template: "sdk/template/go", root: "", files: []string{"abi/*.go", "sdk/*.go", "sdk/internal/*/*.go", "sdk/sdktest/*.go"},
			more: map[string]string{"go.mod": "module github.com/lessee-run/lessee\n\ngo " + goVersion + "\n"}},
		Rust: {template: "sdk/rust/template", root: "sdk/rust", files: []string{"Cargo.toml", "src/*.rs"}},
		C:    {template: "sdk/c/template", root: "sdk/c", files: []string{"lessee.h"}},
		AssemblyScript: {template: "sdk/assemblyscript/template", root: "sdk/assemblyscript",
			files: []string{"package.json", "package-lock.json", "*.mjs", "*.ts", "assembly/*.ts", "globals/*.ts"}},
		JavaScript: {template: "sdk/js/template", root: "sdk/js",
			files: []string{"package.json", "package-lock.json", "*.mjs", "*.d.ts", "build/*.mjs", "engine/*.ts", "runtime/*.mjs"}},
		Python: {template: "sdk/template/python", root: "sdk/python/lessee", files: []string{"*.py", "py.typed"}},
		Node: {template: "sdk/template/node", root: "sdk/node",
			files: []string{"package.json", "package-lock.json", "*.mjs", "*.d.ts", "runtime/*.mjs", "proto/*.proto"}},
		GoNative: {template: "sdk/template/go-native", root: "", derived: goModules,
			files: []string{"abi/*.go", "abi/grpcabi/*.go", "sdk/*.go", "sdk/internal/*/*.go", "sdk/sdktest/*.go", "sdk/process/*.go"}},
	}
}

// ErrNoKit says that this binary does not hold a language's SDK.
var ErrNoKit = errors.New("its SDK is not in this binary")

func kitOf(shipped fs.FS, l Language) (kit, error) {
	k, ok := kits()[l]
	if ok {
		_, err := fs.Stat(shipped, k.template)
		ok = err == nil
	}
	if !ok {
		return kit{}, fmt.Errorf("%s: %w: use a release of lessee, or run it in a checkout", l, ErrNoKit)
	}
	return k, nil
}

// install writes the SDK into dir, in the place of what is there, but for
// packages that a package manager put there.
func (k kit) install(shipped fs.FS, dir string) error {
	to := filepath.Join(dir, sdkDir)
	if err := clear(to); err != nil {
		return err
	}
	for _, pattern := range k.files {
		names, err := fs.Glob(shipped, path.Join(k.root, pattern))
		if err == nil && len(names) == 0 {
			err = ErrNoKit
		}
		if err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			data, err := fs.ReadFile(shipped, name)
			if err != nil {
				return err
			}
			if err := writeFile(filepath.Join(to, strings.TrimPrefix(strings.TrimPrefix(name, k.root), "/")), data); err != nil {
				return err
			}
		}
	}
	more := maps.Clone(k.more)
	if k.derived != nil {
		var err error
		if more, err = k.derived(shipped); err != nil {
			return err
		}
	}
	for name, text := range more {
		file := filepath.Join(to, name)
		if _, err := os.Stat(file); err == nil && strings.HasPrefix(name, "../") {
			continue // the author's, by now
		}
		if err := writeFile(file, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// clear empties the folder of the SDK.
func clear(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() == nodeModules {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes the template into dir. Names that can't be shipped as they are
// have a prefix "dot" or a suffix ".in" that is dropped.
func (k kit) unpack(shipped fs.FS, dir, name string) error {
	return fs.WalkDir(shipped, k.template, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(shipped, at)
		if err != nil {
			return err
		}
		folder, file := path.Split(strings.TrimPrefix(at, k.template+"/"))
		if strings.HasPrefix(file, "dot.") {
			file = strings.TrimPrefix(file, "dot")
		}
		file = strings.TrimSuffix(file, ".in")
		return writeFile(filepath.Join(dir, filepath.FromSlash(folder), file), bytes.ReplaceAll(data, []byte("{{name}}"), []byte(name)))
	})
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
