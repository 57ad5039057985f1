package devpgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lessee-run/lessee/host/internal/devpg"
)

// staleAge keeps removeStale away from directories whose server is just about to start.
const staleAge = 5 * time.Minute

func dirPattern() string { return fmt.Sprintf("lessee-devpgtest-%d-*", os.Geteuid()) }

// makeDir makes a directory for a server. Not t.TempDir, which root's server user may not enter,
// and whose path can be too long for a socket.
func makeDir() (string, error) {
	dir, err := os.MkdirTemp("", dirPattern())
	if err != nil {
		return "", fmt.Errorf("make a directory for the test server: %w", err)
	}
	return dir, os.Chmod(dir, 0o711)
}

// removeStale removes what killed test runs left behind. Nothing depends on its success.
func removeStale() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPattern())) // the only error is a bad pattern
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
