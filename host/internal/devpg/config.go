package devpg

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"go.uber.org/zap"
)

// Config says where a cluster lives and how its server runs. The zero value is a usable one.
type Config struct {
	// Dir is the data root; DefaultDir when empty. The cluster lives in its subdirectory postgres.
	Dir string
	// Settings are given to the server when this process starts it, as if from postgresql.conf.
	Settings map[string]string
	// Binaries is the directory of initdb and postgres; searched for when empty.
	Binaries string
	// Cache keeps fetched binaries for all clusters; binaries in DefaultDir when empty.
	Cache string
	// RepositoryURL is the Maven repository to fetch binaries from when the machine has none;
	// Maven Central when empty.
	RepositoryURL string
	// NoSync creates the cluster without waiting for the disk. For data that may be lost.
	NoSync bool
	// Log tells what is started and stopped; nil is silent.
	Log *zap.Logger
}

// withDefaults fills what was left empty and makes the paths absolute.
func (c Config) withDefaults() (Config, error) {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Dir == "" || c.Cache == "" {
		dir, err := DefaultDir()
		if err != nil {
			return c, err
		}
		c.Dir = cmp.Or(c.Dir, dir)
		c.Cache = cmp.Or(c.Cache, filepath.Join(dir, "binaries"))
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, fmt.Errorf("find the data directory %s: %w", c.Dir, err)
	}
	c.Dir = dir
	return c, nil
}

// DefaultDir is the data root when none is given: /var/lib/lessee for root, whose home no other
// user may enter, and the user's own data directory otherwise.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/lessee", nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lessee"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a directory for the data: %w; set XDG_DATA_HOME or pass a data directory", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "lessee"), nil
	}
	return filepath.Join(home, ".local", "share", "lessee"), nil
}
