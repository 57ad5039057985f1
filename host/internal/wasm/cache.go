package wasm

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tetratelabs/wazero"
)

// openCache returns a cache of compiled code in dir. What lies there is
// executed by the daemon with the daemon's rights, so a directory that anybody
// else can write to is refused.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cache directory: %w", err)
	}
	if err := ours(dir); err != nil {
		return nil, err
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open the cache directory: %w", err)
	}
	return cache, nil
}

func ours(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the cache directory: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("cache directory %s is a %s: name a real directory", dir, info.Mode().Type())
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("cache directory %s may be written by others (mode %o), who could so run code as this daemon: chmod 700 it", dir, info.Mode().Perm())
	case ok && int(stat.Uid) != os.Geteuid():
		return fmt.Errorf("cache directory %s belongs to user %d, the daemon runs as %d: chown it, or name another", dir, stat.Uid, os.Geteuid())
	}
	return nil
}

// emptyCache removes every entry. When one does not hold what was written,
// none of the others is to be trusted either.
func emptyCache(dir string) error {
	entries, err := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.Remove(entry); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
