package host

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/registry"
)

// Config is all that a host needs to know that is not a row. The tags name the
// keys of file, environment and flags; see docs/operating.md.
type Config struct {
	DSN          string            `koanf:"dsn"`          // Postgres, as a non-superuser in role lessee_host
	Name         string            `koanf:"name"`         // of this host in leases and logs
	Slots        int               `koanf:"slots"`        // attempts at once, over all classes
	Memory       int64             `koanf:"memory"`       // bytes that the limits of all guests at work may add up to
	Grace        time.Duration     `koanf:"grace"`        // how long running attempts may finish on shutdown
	CacheDir     string            `koanf:"cache_dir"`    // compiled modules; empty: none is kept
	CacheBytes   int64             `koanf:"cache_bytes"`  // that they may take there; what was used least recently goes first
	HealthAddr   string            `koanf:"health_addr"`  // host:port of the health endpoint; empty: none
	Conns        int               `koanf:"conns"`        // connections to Postgres, one more for LISTEN
	Pooling      string            `koanf:"pooling"`      // auto, session, transaction: what a connection to Postgres is
	LimitsMax    registry.Bounds   `koanf:"limits_max"`   // upper bounds of the limits of classes, by their keys
	Signatures   string            `koanf:"signatures"`   // off, warn, require: what to do about modules that nobody trusted has signed
	TrustedKeys  []string          `koanf:"trusted_keys"` // public keys; if there are any, only those count of the registered ones
	PluginDir    string            `koanf:"plugin_dir"`   // private, for sockets and bundles of native plugins; a short path
	Interpreters map[string]string `koanf:"interpreters"` // what bundles of native plugins may be run by: absolute paths by name
	LogLevel     string            `koanf:"log_level"`    // debug, info, warn, error
	LogFormat    string            `koanf:"log_format"`   // console, json
}

// DefaultConfig is a host that works on any machine.
func DefaultConfig() Config {
	name, err := os.Hostname()
	if err != nil {
		name = "host"
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return Config{
		Name:       name,
		Slots:      16,
		Memory:     defaultMemory(),
		Grace:      20 * time.Second,
		CacheDir:   filepath.Join(cache, "lessee"),
		CacheBytes: wasm.DefaultCacheBytes,
		HealthAddr: "127.0.0.1:7070",
		Conns:      8,
		Pooling:    string(postgres.PoolingAuto),
		Signatures: string(signature.Off),
		PluginDir:  process.DefaultDir(),
		LogLevel:   "info",
		LogFormat:  "console",
	}
}

// defaultMemory is half of the machine's: the rest is for Postgres and the system.
func defaultMemory() int64 {
	if have := machineMemory(); have > 0 {
		return have / 2
	}
	return 4 << 30
}

// bounds are those of the limits of classes: no class has more memory than all
// guests together.
func (c Config) bounds() registry.Bounds {
	bounds := registry.Bounds{"memory_bytes": c.Memory}
	for key, bound := range c.LimitsMax {
		bounds[key] = min(bound, cmp.Or(bounds[key], bound))
	}
	return bounds
}

// Validate reports the first setting that can't work, by the name of its key.
func (c Config) Validate() error {
	switch {
	case c.DSN == "":
		return fmt.Errorf("dsn is empty: give --dsn or LESSEE_DSN, or run `lessee up` for a private Postgres")
	case c.Name == "":
		return fmt.Errorf("name is empty: leases and logs need a name for this host")
	case c.Slots < 1 || c.Slots > 10_000:
		return fmt.Errorf("slots is %d: it must be from 1 to 10000", c.Slots)
	case c.Memory < 64<<20:
		return fmt.Errorf("memory is %d bytes: it must be at least %d (64 MiB)", c.Memory, 64<<20)
	case c.Grace < 0:
		return fmt.Errorf("grace is %s: it can't be negative", c.Grace)
	case c.CacheBytes < 1<<20:
		return fmt.Errorf("cache_bytes is %d: it must be at least %d (1 MiB); for no cache at all, leave cache_dir empty", c.CacheBytes, 1<<20)
	case c.Conns < 4 || c.Conns > 1000:
		return fmt.Errorf("conns is %d: it must be from 4 to 1000", c.Conns)
	}
	return cmp.Or(c.validatePooling(), c.validateSignatures(), c.LimitsMax.Check(), c.validateInterpreters())
}

func (c Config) validatePooling() error {
	if _, err := postgres.ParsePooling(c.Pooling); err != nil {
		return fmt.Errorf("pooling: %w", err)
	}
	return nil
}

func (c Config) validateInterpreters() error {
	for name, path := range c.Interpreters {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("interpreters.%s is %q: it must be an absolute path", name, path)
		}
	}
	return nil
}

func (c Config) validateSignatures() error {
	policy, err := signature.ParsePolicy(c.Signatures)
	if err != nil {
		return fmt.Errorf("signatures: %w", err)
	}
	if err := signature.CheckPinned(c.TrustedKeys); err != nil {
		return fmt.Errorf("trusted_keys: %w", err)
	}
	if policy == signature.Off && len(c.TrustedKeys) > 0 {
		return errors.New("trusted_keys says whose signatures count, and signatures is off: set it to warn or require, or trust no keys")
	}
	return nil
}
