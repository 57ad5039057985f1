package devpgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lessee-run/lessee/host/internal/devpg"
)

const (
	// staleAge keeps removeStale away from directories whose server is just about to start.
	staleAge = time.Minute

	memory       = "/dev/shm"
	memoryNeeded = 4 << 30
)

func dirPattern() string { return fmt.Sprintf("lessee-devpgtest-%d-*", os.Geteuid()) }

// baseDir is where servers keep their files: in memory where there is plenty, since to create and
// to drop a database costs 46 ms there and 370 ms on the disk it was measured on. TMPDIR decides
// if it is set.
func baseDir() string {
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= memoryNeeded {
		return memory
	}
	return os.TempDir()
}

// makeDir makes a directory for a server. Not t.TempDir, which root's server user may not enter,
// and whose path can be too long for a socket.
func makeDir() (string, error) {
	dir, err := os.MkdirTemp(baseDir(), dirPattern())
	if err != nil {
		return "", fmt.Errorf("make a directory for the test server: %w", err)
	}
	return dir, os.Chmod(dir, 0o711)
}

// removeStale removes what killed test runs left behind. Nothing depends on its success.
func removeStale() {
	dirs, _ := filepath.Glob(filepath.Join(baseDir(), dirPattern())) // the only error is a bad pattern
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < staleAge {
			continue
		}
		if used, err := devpg.InUse(dir); err == nil && !used {
			_ = os.RemoveAll(dir)
		}
	}
}
