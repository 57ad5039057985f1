package author

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a folder is left alone after a change: an editor that
// saves writes, renames and removes several files.
const settle = 100 * time.Millisecond

// Watch calls changed now, and again whenever the sources under dir are others
// than they were, one call at a time, until ctx ends. What changed returns is
// its own business; Watch fails only when it can't watch.
func Watch(ctx context.Context, dir string, changed func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	defer watcher.Close() //nolint:errcheck // nothing is written
	for {
		seen, err := look(watcher, dir) // before the call, so that nothing that happens in it is missed
		if err != nil {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
		changed()
		if err := await(ctx, watcher, dir, seen); err != nil {
			return err
		}
	}
}

// await returns when the sources are not as they were seen.
func await(ctx context.Context, watcher *fsnotify.Watcher, dir string, seen [sha256.Size]byte) error {
	quiet := time.NewTimer(settle) // what happened meanwhile may have been seen to already
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // then we look at the files anyway
				return fmt.Errorf("watch %s: %w", dir, err)
			}
			quiet.Reset(settle)
		case event := <-watcher.Events:
			if !passedOver(filepath.Base(event.Name)) {
				quiet.Reset(settle)
			}
		case <-quiet.C:
			now, err := look(watcher, dir)
			if err != nil {
				return fmt.Errorf("watch %s: %w", dir, err)
			}
			if now != seen {
				return nil
			}
		}
	}
}

// look watches every folder of sources under dir, and sums up what the files say.
func look(watcher *fsnotify.Watcher, dir string) (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != dir: // gone since it was listed
			return nil
		case err != nil:
			return err
		case name != dir && passedOver(d.Name()) && d.IsDir():
			return fs.SkipDir
		case d.IsDir():
			return watcher.Add(name)
		case passedOver(d.Name()) || !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		fmt.Fprintf(hash, "%q %d\n", name, len(data))
		hash.Write(data)
		return nil
	})
	return [sha256.Size]byte(hash.Sum(nil)), err
}

// passedOver are the names of what is no source: hidden, an editor's own, made
// by a build, or fetched.
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") ||
		slices.Contains([]string{nodeModules, "target", "__pycache__", "4913"}, name) || // 4913: vim tries whether it may write
		slices.Contains([]string{".wasm", ".tar", ".bin", ".new", ".swp", ".o"}, filepath.Ext(name))
}
