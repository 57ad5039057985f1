package wasm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"
)

const sealSuffix = ".seal"

// check removes an entry that is not as it was sealed. One without a seal is
// of a process that ended before it could write one, or is about to.
func (c *cache) check(entry string) error {
	want, err := os.ReadFile(entry + sealSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return forget(entry)
	}
	if err != nil {
		return fmt.Errorf("read a seal: %w", err)
	}
	data, err := os.ReadFile(entry)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read compiled code: %w", err)
	}
	if err == nil && digestOf(data) == string(want) {
		return nil
	}
	c.log.Warn("compiled code in the cache was damaged, and is made anew", zap.String("file", entry))
	return forget(entry)
}

// seal writes the seal of an entry that has none, and returns how many bytes
// the cache has grown by. On others, it marks the use.
func seal(entry string) (int64, error) {
	now := time.Now()
	err := os.Chtimes(entry+sealSuffix, now, now)
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	data, err := os.ReadFile(entry)
	if err != nil {
		return 0, ignoreGone(err) // another process did not see a seal, and removed it
	}
	digest := digestOf(data)
	if err := writeWhole(entry+sealSuffix, []byte(digest)); err != nil {
		return 0, errors.Join(fmt.Errorf("seal compiled code: %w", err), forget(entry))
	}
	return int64(len(data) + len(digest)), nil
}

// writeWhole makes a file appear with all its content, or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// forget removes an entry and its seal.
func forget(entry string) error {
	var errs []error
	for _, path := range []string{entry, entry + sealSuffix} { // in this order: a seal alone harms nobody
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove from the cache: %w", err))
		}
	}
	return errors.Join(errs...)
}
