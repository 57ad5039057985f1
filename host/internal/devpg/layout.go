package devpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// layout names the files of one cluster.
type layout struct{ root string }

func (l layout) data() string    { return filepath.Join(l.root, "data") }
func (l layout) run() string     { return filepath.Join(l.root, "run") }
func (l layout) lock() string    { return filepath.Join(l.root, "lock") }
func (l layout) holders() string { return filepath.Join(l.root, "holders") }
func (l layout) server() string  { return filepath.Join(l.root, "server") }
func (l layout) hold() string    { return filepath.Join(l.root, "hold") }
func (l layout) log() string     { return filepath.Join(l.root, "postgres.log") }

// create makes the directories that lessee itself owns. The user of the server must be able to
// pass through them when that is not us, and nobody needs to list them.
func (l layout) create() error {
	for _, dir := range []string{filepath.Dir(l.root), l.root} {
		if err := createPassable(dir); err != nil {
			return fmt.Errorf("create the data directory: %w; make it writable or pass another one", err)
		}
	}
	return nil
}

func createPassable(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	return os.Chmod(dir, mode)
}
