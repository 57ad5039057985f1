package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"go.uber.org/zap"
)

// fetchable maps a major version to the release that can be fetched; 0 is the one for new data.
func fetchable(major int) (embeddedpostgres.PostgresVersion, error) {
	switch major {
	case 15:
		return embeddedpostgres.V15, nil
	case 16:
		return embeddedpostgres.V16, nil
	case 17:
		return embeddedpostgres.V17, nil
	case 0, 18:
		return embeddedpostgres.V18, nil
	}
	return "", fmt.Errorf("no binaries of Postgres %d are published", major)
}

// fetch downloads server binaries once and keeps them beside the data.
func (c *Cluster) fetch(ctx context.Context, major int) (binaries, error) {
	version, err := fetchable(major)
	if err != nil {
		return binaries{}, err
	}
	dir := filepath.Join(c.files.root, "binaries", string(version))
	if bin, err := inspect(ctx, filepath.Join(dir, "bin")); err == nil {
		return bin, nil
	}
	c.cfg.Log.Info("fetching Postgres", zap.String("version", string(version)), zap.String("dir", dir))
	if err := c.download(ctx, version, dir); err != nil {
		return binaries{}, err
	}
	return inspect(ctx, filepath.Join(dir, "bin"))
}

// download unpacks beside the final place and renames, so that an interrupted one is not used.
func (c *Cluster) download(ctx context.Context, version embeddedpostgres.PostgresVersion, dir string) error {
	if err := createPassable(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("create a directory for the binaries: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return fmt.Errorf("create a directory for the download: %w", err)
	}
	defer os.RemoveAll(work)
	unpacked := filepath.Join(work, "unpacked")
	if err := unpack(ctx, c.embedded(version, work, unpacked), unpacked); err != nil {
		return err
	}
	if err := c.ownTree(unpacked); err != nil {
		return fmt.Errorf("give the binaries to user id %d: %w", c.account.uid, err)
	}
	return errors.Join(os.RemoveAll(dir), os.Rename(unpacked, dir))
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

// embedded configures the library to do no more than to fetch and unpack: it takes the scratch
// data directory for an existing one, so it runs no initdb, and the server it then tries to start
// there can't start. Port 0 is always free; nothing ever listens on it.
func (c *Cluster) embedded(version embeddedpostgres.PostgresVersion, work, unpacked string) embeddedpostgres.Config {
	config := embeddedpostgres.DefaultConfig().
		Version(version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(work, "cache")).RuntimePath(filepath.Join(work, "runtime")).
		DataPath(filepath.Join(work, "data")).BinariesPath(unpacked)
	if c.cfg.RepositoryURL != "" {
		config = config.BinaryRepositoryURL(c.cfg.RepositoryURL)
	}
	return config
}

// unpack runs the library and judges by its result. The library can't be cancelled: when ctx ends,
// the download is abandoned to a goroutine that fails on the removed directory.
func unpack(ctx context.Context, config embeddedpostgres.Config, unpacked string) error {
	done := make(chan error, 1)
	go func() { done <- embeddedpostgres.NewDatabase(config).Start() }()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-done:
		if _, statErr := os.Stat(filepath.Join(unpacked, "bin", "postgres")); statErr != nil {
			return fmt.Errorf("download Postgres: %w", errors.Join(err, statErr))
		}
		return nil
	}
}
