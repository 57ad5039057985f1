package devpg

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// InUse reports whether a process uses the cluster under a data root, or a server of it still runs.
func InUse(dir string) (bool, error) {
	files := layout{filepath.Join(dir, "postgres")}
	for _, path := range []string{files.lock(), files.holders(), files.server()} {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		idle, err := tryLock(file, syscall.LOCK_EX)
		file.Close()
		if !idle || err != nil {
			return !idle, err
		}
	}
	return false, nil
}
