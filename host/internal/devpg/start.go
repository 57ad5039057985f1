package devpg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
)

// cleanupTime bounds what is done after ctx has ended to leave nothing running. It is longer than
// the supervisor waits before it stops the server without grace.
const cleanupTime = 40 * time.Second

// errServerEnded is why a server that was started is not waited for any longer.
var errServerEnded = errors.New("postgres ended while it started")

// start creates the cluster if there is none, starts its server and waits until it answers.
func (c *Cluster) start(ctx context.Context) error {
	bin, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	log, err := openServerLog(c.files.log())
	if err != nil {
		return err
	}
	defer log.file.Close()
	c.cfg.Log.Info("starting Postgres", zap.String("version", bin.version), zap.String("dir", c.files.root))
	supervisor, hold, err := c.supervise(c.command(bin), log.file)
	if err != nil {
		return err
	}
	if err := c.awaitReady(ctx); err != nil {
		hold.Close()
		return errors.Join(log.explain(err), c.reap(ctx, supervisor))
	}
	c.supervisor, c.hold = supervisor, hold
	return nil
}

// prepare makes everything that the server needs to start.
func (c *Cluster) prepare(ctx context.Context) (binaries, error) {
	bin, err := c.findBinaries(ctx)
	if err != nil {
		return bin, err
	}
	if err := c.account.checkPassage(ctx, c.files.root, bin.dir); err != nil {
		return bin, err
	}
	if err := c.ensureData(ctx, bin); err != nil {
		return bin, err
	}
	if err := privateDir(c.files.run(), c.account); err != nil {
		return bin, err
	}
	c.sockets, err = c.files.socketDir(c.account)
	return bin, errors.Join(err, c.removeCards())
}

// removeCards clears what processes left behind that were killed while they attached.
func (c *Cluster) removeCards() error {
	cards, err := filepath.Glob(filepath.Join(c.files.run(), "card-*"))
	for _, card := range cards {
		err = errors.Join(err, os.Remove(card))
	}
	return err
}

// command is the server's command line. Settings go there, not into postgresql.conf, so that the
// operator's file stays the operator's.
func (c *Cluster) command(bin binaries) []string {
	command := []string{filepath.Join(bin.dir, "postgres"), "-D", c.files.data(), "-k", c.sockets, "-p", strconv.Itoa(port)}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Settings)) {
		command = append(command, "-c", name+"="+c.cfg.Settings[name])
	}
	return append(command, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700")
}

// awaitReady waits until the server accepts a connection.
func (c *Cluster) awaitReady(ctx context.Context) error {
	var last error
	err := poll(ctx, func() (bool, error) {
		conn, err := pgx.Connect(ctx, c.SuperuserDSN("postgres"))
		if err == nil {
			return true, conn.Close(ctx)
		}
		last = err
		ended, err := free(c.files.server())
		if ended {
			return false, errServerEnded
		}
		return false, err
	})
	if err != nil && !errors.Is(err, errServerEnded) {
		return fmt.Errorf("wait for Postgres to accept connections: %w (last try: %w)", err, last)
	}
	return err
}

// reap waits until the server and its supervisor have ended, also when ctx has ended already.
func (c *Cluster) reap(ctx context.Context, supervisor *exec.Cmd) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	if err := c.awaitEnd(ctx); err != nil {
		return err
	}
	// How the supervisor ended says nothing: its last act is a signal to its own group.
	_ = supervisor.Wait()
	return nil
}
