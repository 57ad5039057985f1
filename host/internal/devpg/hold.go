package devpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// makeHold makes a new named pipe and opens both of its ends.
func makeHold(path string) (read, write *os.File, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("remove the old hold: %w", err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, nil, fmt.Errorf("make the hold %s: %w", path, err)
	}
	// Without O_NONBLOCK each open would wait for the other.
	read, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open the hold for the supervisor: %w", err)
	}
	write, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		err = syscall.SetNonblock(int(read.Fd()), false) // the supervisor's shell must wait in read
	}
	if err != nil {
		read.Close()
		return nil, nil, fmt.Errorf("open the hold: %w", err)
	}
	return read, write, nil
}

// joinHold makes this process a holder of a server that runs. It returns nil without an error when
// the server is about to end, or has no supervisor.
func (c *Cluster) joinHold(ctx context.Context) (*os.File, error) {
	hold, err := os.OpenFile(c.files.hold(), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the hold: %w", err)
	}
	held, err := c.showCard(ctx, hold)
	if err != nil || !held {
		hold.Close()
		return nil, err
	}
	return hold, nil
}

// showCard waits until the supervisor has taken our card. From then on it can't have missed us: it
// reads the end of the pipe only after we close ours.
func (c *Cluster) showCard(ctx context.Context, hold *os.File) (held bool, err error) {
	card, err := os.CreateTemp(c.files.run(), "card-")
	if err != nil {
		return false, fmt.Errorf("ask the supervisor for the server: %w", err)
	}
	defer os.Remove(card.Name())
	card.Close()
	if _, err := fmt.Fprintln(hold, card.Name()); err != nil {
		if errors.Is(err, syscall.EPIPE) {
			return false, nil
		}
		return false, fmt.Errorf("ask the supervisor for the server: %w", err)
	}
	err = poll(ctx, func() (bool, error) {
		_, err := os.Lstat(card.Name())
		held = errors.Is(err, fs.ErrNotExist)
		read, readErr := c.holdIsRead()
		return held || !read, readErr
	})
	return held, err
}

// holdIsRead tells whether a supervisor still reads the hold. It may have died with our card unread.
func (c *Cluster) holdIsRead() (bool, error) {
	hold, err := os.OpenFile(c.files.hold(), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether the hold is read: %w", err)
	}
	return true, hold.Close()
}
