package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// unfinished is the pattern of directories that initdb works in. One becomes the data directory by
// a rename when it is complete, so the data directory is never half made.
const unfinished = "data.new-*"

// ensureData creates the cluster's files unless they exist.
func (c *Cluster) ensureData(ctx context.Context, bin binaries) error {
	if err := c.removeUnfinished(); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.files.data())
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("look at the data directory: %w", err)
	}
	if len(entries) == 0 {
		return c.createData(ctx, bin)
	}
	if _, err := os.Stat(filepath.Join(c.files.data(), "global", "pg_control")); err != nil {
		return fmt.Errorf("%s is not a complete Postgres data directory (%w): restore it, or move it away to start afresh",
			c.files.data(), err)
	}
	return nil
}

func (c *Cluster) removeUnfinished() error {
	left, err := filepath.Glob(filepath.Join(c.files.root, unfinished))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

func (c *Cluster) createData(ctx context.Context, bin binaries) error {
	dir, err := os.MkdirTemp(c.files.root, unfinished)
	if err != nil {
		return fmt.Errorf("make a directory for the new cluster: %w", err)
	}
	defer os.RemoveAll(dir) // finds nothing after the rename
	if err := c.account.own(dir); err != nil {
		return fmt.Errorf("give the new cluster to user id %d: %w", c.account.uid, err)
	}
	c.cfg.Log.Info("creating a Postgres cluster", zap.String("dir", c.files.data()), zap.String("version", bin.version))
	if err := c.initdb(ctx, bin, dir); err != nil {
		return err
	}
	if err := os.Rename(dir, c.files.data()); err != nil {
		return fmt.Errorf("put the new cluster in its place: %w", err)
	}
	return nil
}

// initdb fills a directory. It holds the server lock meanwhile: if lessee is killed, the next one
// waits for what is left of it.
func (c *Cluster) initdb(ctx context.Context, bin binaries, dir string) error {
	serverLock, err := lock(ctx, c.files.server(), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer serverLock.Close()
	// The C locale sorts by code point on every system and never needs a REINDEX after an upgrade.
	cmd := exec.CommandContext(ctx, filepath.Join(bin.dir, "initdb"), "--pgdata="+dir, "--username="+superuser,
		"--encoding=UTF8", "--locale=C", "--data-checksums", "--auth-local=trust", "--auth-host=reject")
	if c.cfg.NoSync {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	cmd.Dir, cmd.Env = dir, c.account.environ()
	cmd.ExtraFiles = []*os.File{serverLock}
	cmd.SysProcAttr = c.account.attributes()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if output, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(context.Cause(ctx), fmt.Errorf("create a cluster with %s: %w:\n%s", cmd.Path, err, lastLines(output)))
	}
	return nil
}
