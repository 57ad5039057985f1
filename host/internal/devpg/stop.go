package devpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// A Mode is how Restart stops the server.
type Mode syscall.Signal

// The modes, from the gentlest.
const (
	Fast      = Mode(syscall.SIGINT)  // rolls transactions back, writes a checkpoint
	Immediate = Mode(syscall.SIGQUIT) // drops everything; the next start recovers
	Crash     = Mode(syscall.SIGKILL) // kills the postmaster, as a machine out of memory would
)

const (
	graceTime  = 30 * time.Second // what a server gets to end before Immediate, as the supervisor gives it
	endingTime = 90 * time.Second // how long a server is waited for
)

// Stop gives the server back. The last process that uses it waits until it has stopped, and until
// its data is safe on disk; the others return at once and leave it running. It stops even if ctx
// ends meanwhile. After Stop, c must not be used.
func (c *Cluster) Stop(ctx context.Context) error {
	stopping, err := lock(ctx, c.files.lock(), syscall.LOCK_EX)
	if err != nil {
		// Without the lock we can't tell who else is here, but our hold ends all the same.
		return errors.Join(err, c.hold.Close(), c.holders.Close())
	}
	defer stopping.Close()
	defer c.holders.Close()
	if err := c.hold.Close(); err != nil {
		return fmt.Errorf("let go of the private Postgres: %w", err)
	}
	last, err := tryLock(c.holders, syscall.LOCK_EX)
	if err != nil || !last {
		return err
	}
	if err := c.endServer(ctx); err != nil {
		return fmt.Errorf("stop the private Postgres: %w; it goes on stopping by itself", err)
	}
	if c.Owned() {
		_ = c.supervisor.Wait() // its exit status says nothing
	}
	return nil
}

// Restart stops the server in the given mode and starts it again, with the same connection
// strings. It is for tests; a process that attached loses its hold.
func (c *Cluster) Restart(ctx context.Context, mode Mode) error {
	if !c.Owned() {
		return errors.New("restart the private Postgres: another process started it, restart it there")
	}
	restarting, err := lock(ctx, c.files.lock(), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer restarting.Close()
	if err := c.signal(syscall.Signal(mode)); err != nil {
		return err
	}
	if err := c.awaitEnd(ctx); err != nil {
		return err
	}
	if err := c.hold.Close(); err != nil {
		return fmt.Errorf("let go of the old server: %w", err)
	}
	_ = c.supervisor.Wait() // its exit status says nothing
	return c.start(ctx)
}

// awaitEnd waits until no process of the server is left.
func (c *Cluster) awaitEnd(ctx context.Context) error {
	return poll(ctx, func() (bool, error) { return free(c.files.server()) })
}

// endServer waits until a server that nobody holds has ended. It does what the supervisor does, in
// case that is gone; to ask a server twice does no harm.
func (c *Cluster) endServer(ctx context.Context) error {
	if idle, err := free(c.files.server()); idle || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, endingTime, fmt.Errorf(
		"the server is still ending after %s: wait for it, or see %s", endingTime, c.files.log()))
	defer cancel()
	c.cfg.Log.Info("stopping Postgres", zap.String("dir", c.files.root))
	for _, mode := range []Mode{Fast, Immediate} {
		if err := c.signal(syscall.Signal(mode)); err != nil {
			return err
		}
		grace, cancel := context.WithTimeout(ctx, graceTime)
		err := c.awaitEnd(grace)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return c.awaitEnd(ctx)
}

// signal sends a signal to the postmaster. Some process of the server holds the server lock, so the
// process id in its file is not that of a stranger.
func (c *Cluster) signal(sig syscall.Signal) error {
	master, err := readPostmaster(c.files.data())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // an initdb that outlived its process, or a server at its very end
	}
	if err != nil {
		return err
	}
	if err := syscall.Kill(master.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %s to Postgres (process %d): %w", sig, master.pid, err)
	}
	return nil
}
