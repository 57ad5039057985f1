package author

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Scaffold makes the folder of a new plugin: a handler, its tests, pairs of
// input and expected result, and the SDK from shipped. A folder that is there
// must be empty.
func Scaffold(shipped fs.FS, l Language, name, dir string) (*Project, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	k, err := kitOf(shipped, l)
	if err != nil {
		return nil, err
	}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	p := &Project{Dir: dir, Name: name, Version: "0.1.0", Language: l}
	for _, step := range []func() error{
		func() error { return os.MkdirAll(dir, 0o755) },
		func() error { return k.unpack(shipped, dir, name) },
		func() error { return k.install(shipped, dir) },
		p.write,
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("write the new plugin: %w", err)
		}
	}
	return p, linkPackages(p)
}

// Renew puts this release's SDK into a project, in the place of what it has.
func Renew(shipped fs.FS, p *Project) error {
	k, err := kitOf(shipped, p.Language)
	if err != nil {
		return err
	}
	if err := k.install(shipped, p.Dir); err != nil {
		return fmt.Errorf("write the SDK into %s: %w", filepath.Join(p.Dir, sdkDir), err)
	}
	return linkPackages(p)
}

// vacant reports a folder that holds something.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is there, and not empty: a new plugin would overwrite what it holds. Give another name, or --dir", dir)
	}
	return nil
}
