package wasm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"
)

const (
	settled   = time.Minute // after which nobody still writes a file
	walkEvery = time.Minute // at least, if anything was compiled: others may have written
)

// stored is an entry of the cache.
type stored struct {
	path string
	size int64 // with its seal
	used time.Time
}

func (c *cache) count(bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used += bytes
}

func (c *cache) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used > c.bound || time.Since(c.walked) > walkEvery
}

// trim removes what nobody will read, and if the cache is above its bound, the
// entries that were used least recently, until it is a tenth below.
func (c *cache) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, err := c.sweep()
	c.used, c.walked = 0, time.Now()
	for _, e := range entries {
		c.used += e.size
	}
	slices.SortFunc(entries, func(a, b stored) int { return a.used.Compare(b.used) })
	if c.used > c.bound {
		for ; len(entries) > 0 && c.used > c.bound-c.bound/10; entries = entries[1:] {
			err = errors.Join(err, forget(entries[0].path))
			c.used -= entries[0].size
		}
	}
	if err != nil {
		c.log.Warn("the cache of compiled modules can't be kept below its bound", zap.String("dir", c.dir), zap.Error(err))
	}
}

// sweep removes what was left behind, and lists the entries.
func (c *cache) sweep() (entries []stored, err error) {
	err = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if gone(err) || path == c.dir {
			return nil
		}
		info, infoErr := d.Info()
		if err = errors.Join(err, infoErr); err != nil {
			return ignoreGone(err)
		}
		e, ok := c.entry(path, info)
		switch {
		case ok:
			entries = append(entries, e)
		case c.sealOf(path) || time.Since(info.ModTime()) < settled:
		case d.IsDir():
			_ = os.Remove(path) // if it is empty
		default:
			return ignoreGone(os.Remove(path))
		}
		return nil
	})
	return entries, err
}

// entry is the file at path as a sealed entry, if it is one.
func (c *cache) entry(path string, info fs.FileInfo) (stored, bool) {
	if info.IsDir() || !c.current(path) || filepath.Ext(path) != "" {
		return stored{}, false
	}
	seal, err := os.Stat(path + sealSuffix)
	if err != nil {
		return stored{}, false
	}
	return stored{path: path, size: info.Size() + seal.Size(), used: seal.ModTime()}, true
}

// sealOf says whether the file is a seal with its entry beside it.
func (c *cache) sealOf(path string) bool {
	if filepath.Ext(path) != sealSuffix || !c.current(path) {
		return false
	}
	_, err := os.Stat(path[:len(path)-len(sealSuffix)])
	return err == nil
}

// current says whether a file is of the engine's present release.
func (c *cache) current(path string) bool { return filepath.Base(filepath.Dir(path)) == c.release }

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func ignoreGone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}
