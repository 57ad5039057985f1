package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// openLock opens a file that is only there to be locked. Closing it releases the lock, unless a
// child process inherited the descriptor.
func openLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a lock file: %w; run as its owner or pass another data directory", err)
	}
	return file, nil
}

// tryLock takes a lock (LOCK_EX or LOCK_SH) if that is possible at once.
func tryLock(file *os.File, how int) (bool, error) {
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
	}
}

// lock waits for a lock until ctx ends.
func lock(ctx context.Context, path string, how int) (*os.File, error) {
	file, err := openLock(path)
	if err != nil {
		return nil, err
	}
	err = poll(ctx, func() (bool, error) { return tryLock(file, how) })
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("wait for the lock %s: %w", path, err)
	}
	return file, nil
}

// free tells whether nobody holds a lock.
func free(path string) (bool, error) {
	file, err := openLock(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return tryLock(file, syscall.LOCK_EX)
}

// poll asks until the answer is yes or an error, or ctx ends. What it waits for (a lock, a file, a
// server that accepts connections) has no signal of its own.
func poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
