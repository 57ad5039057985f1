package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"go.uber.org/zap"
)

// release is a Postgres that can be fetched.
type release struct {
	major   int
	version embeddedpostgres.PostgresVersion
}

// fetchable is the release for data of a major version; 0 asks for the one of new data.
func fetchable(major int) (release, error) {
	releases := []release{
		{18, embeddedpostgres.V18}, {17, embeddedpostgres.V17}, {16, embeddedpostgres.V16}, {15, embeddedpostgres.V15},
	}
	for _, r := range releases {
		if major == 0 || major == r.major {
			return r, nil
		}
	}
	return release{}, fmt.Errorf("no binaries of Postgres %d are published", major)
}

// fetch downloads server binaries, once for all clusters.
func (c *Cluster) fetch(ctx context.Context, major int) (binaries, error) {
	wanted, err := fetchable(major)
	if err != nil {
		return binaries{}, err
	}
	if err := createPassable(c.cfg.Cache); err != nil {
		return binaries{}, fmt.Errorf("create a directory for the binaries: %w", err)
	}
	fetching, err := lock(ctx, filepath.Join(c.cfg.Cache, "lock"), syscall.LOCK_EX)
	if err != nil {
		return binaries{}, err
	}
	defer fetching.Close()
	dir := filepath.Join(c.cfg.Cache, string(wanted.version))
	if bin, err := inspect(ctx, filepath.Join(dir, "bin")); err == nil {
		return bin, nil
	}
	c.cfg.Log.Info("fetching Postgres", zap.String("version", string(wanted.version)), zap.String("dir", dir))
	if err := c.download(ctx, wanted, dir); err != nil {
		return binaries{}, err
	}
	return inspect(ctx, filepath.Join(dir, "bin"))
}

// download unpacks beside the final place and renames, so that an interrupted one is never used.
func (c *Cluster) download(ctx context.Context, wanted release, dir string) error {
	work, err := os.MkdirTemp(c.cfg.Cache, "fetch-")
	if err != nil {
		return fmt.Errorf("create a directory for the download: %w", err)
	}
	defer os.RemoveAll(work)
	unpacked := filepath.Join(work, "unpacked")
	if err := pretendData(filepath.Join(work, "data"), wanted.major); err != nil {
		return err
	}
	if err := unpack(ctx, c.embedded(wanted, work, unpacked), unpacked); err != nil {
		return err
	}
	if err := c.ownTree(unpacked); err != nil {
		return fmt.Errorf("give the binaries to user id %d: %w", c.account.uid, err)
	}
	return errors.Join(os.RemoveAll(dir), os.Rename(unpacked, dir))
}

// pretendData makes a directory that the library takes for the data of an earlier run. So it runs
// no initdb, and the server that it tries to start there can't start: all it does is to unpack.
func pretendData(dir string, major int) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("prepare the download: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(strconv.Itoa(major)+"\n"), 0o600)
}

// embedded configures the library. Port 0 is always free, and nothing ever listens on it.
func (c *Cluster) embedded(wanted release, work, unpacked string) embeddedpostgres.Config {
	config := embeddedpostgres.DefaultConfig().
		Version(wanted.version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(work, "cache")).RuntimePath(filepath.Join(work, "runtime")).
		DataPath(filepath.Join(work, "data")).BinariesPath(unpacked)
	if c.cfg.RepositoryURL != "" {
		config = config.BinaryRepositoryURL(c.cfg.RepositoryURL)
	}
	return config
}

// unpack runs the library and judges by what it leaves. The library can't be cancelled: when ctx
// ends, the download is abandoned to a goroutine that fails on the removed directory.
func unpack(ctx context.Context, config embeddedpostgres.Config, unpacked string) error {
	done := make(chan error, 1)
	go func() { done <- embeddedpostgres.NewDatabase(config).Start() }()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-done:
		if _, missing := os.Stat(filepath.Join(unpacked, "bin", "postgres")); missing != nil {
			return fmt.Errorf("download Postgres: %w", errors.Join(err, missing))
		}
		return nil
	}
}

// ownTree gives everything under a directory to the account.
func (c *Cluster) ownTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return c.account.own(path)
	})
}
