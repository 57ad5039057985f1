package wasm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/tetratelabs/wazero"
	"go.uber.org/zap"
)

// DefaultCacheBytes is the size that the cache of compiled code may have when
// [Config] does not say.
const DefaultCacheBytes = 2 << 30

// cache is a directory of compiled code, shared with other processes of ours:
//
//	code/<sha256 of the metered module>/<release of the engine>/<entry>
//	                                                           <entry>.seal
//
// The engine writes entries, and executes what it finds in them: its own
// checksum covers the code, but not where in it each function begins. So each
// entry has a seal with its sha256, and one that does not fit is removed before
// the engine sees it. The age of a seal is that of the entry's last use.
type cache struct {
	dir     string // ends with codeDir
	bound   int64
	release string // the engine's name for the subdirectory that it uses
	log     *zap.Logger

	mu     sync.Mutex
	used   int64     // bytes, as far as this process knows
	walked time.Time // when it looked
}

// codeDir is our part of the cache directory. Nothing beside it is touched.
const codeDir = "code"

// openCache returns a cache in dir. What lies there is executed by the daemon
// with the daemon's rights, so a directory that anybody else can write to is
// refused.
func openCache(dir string, bound int64, log *zap.Logger) (*cache, error) {
	c := &cache{dir: filepath.Join(dir, codeDir), bound: bound, log: log}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cache directory: %w", err)
	}
	if err := ours(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cache directory: %w", err)
	}
	err := c.learnRelease()
	if err != nil {
		return nil, err
	}
	c.trim()
	return c, nil
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

// learnRelease asks the engine for the name of its subdirectory, and so finds
// out whether the cache can be written.
func (c *cache) learnRelease() (err error) {
	probe, err := os.MkdirTemp(c.dir, "probe-")
	if err != nil {
		return fmt.Errorf("try the cache directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(probe)) }()
	if _, err := wazero.NewCompilationCacheWithDir(probe); err != nil {
		return fmt.Errorf("try the cache directory: %w", err)
	}
	made, err := os.ReadDir(probe)
	if err != nil {
		return fmt.Errorf("try the cache directory: %w", err)
	}
	if len(made) != 1 {
		return fmt.Errorf("try the cache directory: the engine made %d directories in it, not one", len(made))
	}
	c.release = made[0].Name()
	return nil
}

// open returns the part of the cache for one module. Entries in it are what
// was written, or are not there.
func (c *cache) open(digest string) (wazero.CompilationCache, error) {
	entries, err := c.entries(digest)
	for _, entry := range entries {
		err = errors.Join(err, c.check(entry))
	}
	if err != nil {
		return nil, err
	}
	part, err := wazero.NewCompilationCacheWithDir(filepath.Join(c.dir, digest))
	if err != nil {
		return nil, fmt.Errorf("open the cache directory: %w", err)
	}
	return part, nil
}

// settle seals what was compiled, marks the module's entries as used, and
// keeps the cache below its bound. A cache that can't be kept in order is
// one that works worse, so nothing of this fails.
func (c *cache) settle(digest string) {
	entries, err := c.entries(digest)
	for _, entry := range entries {
		written, sealErr := seal(entry)
		err = errors.Join(err, sealErr)
		c.count(written)
	}
	if err != nil {
		c.log.Warn("the cache of compiled modules can't be kept in order", zap.Error(err))
	}
	if c.due() {
		c.trim()
	}
}

// entries lists the entries of a module that this release of the engine reads.
func (c *cache) entries(digest string) ([]string, error) {
	dir := filepath.Join(c.dir, digest, c.release)
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look into the cache: %w", err)
	}
	var entries []string
	for _, f := range found {
		if filepath.Ext(f.Name()) == "" { // neither a seal, nor something half written
			entries = append(entries, filepath.Join(dir, f.Name()))
		}
	}
	return entries, nil
}
