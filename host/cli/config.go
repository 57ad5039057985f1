package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lessee-run/lessee/host"
)

// systemConfig is read when no other file is named, if it is there.
const systemConfig = "/etc/lessee/host.yaml"

// Origins of values; those of the environment and of a file are more specific.
const (
	originDefault     = "default"
	originEnvironment = "environment"
	originFlag        = "flag"
)

// hostConfig is a host's configuration and where each value of it is from.
type hostConfig struct {
	host.Config
	values *koanf.Koanf
	origin map[string]string
}

// hostFlags gives a command the settings of a host as flags, and --config.
func hostFlags(c *cobra.Command) *string {
	d, flags := host.DefaultConfig(), c.Flags()
	flags.String("name", d.Name, "name of this host in leases and logs")
	flags.Int("slots", d.Slots, "attempts at once, over all classes")
	flags.Duration("grace", d.Grace, "how long running attempts may finish on shutdown")
	flags.String("cache-dir", d.CacheDir, "where compiled modules are kept; empty: nowhere")
	flags.Int64("cache-bytes", d.CacheBytes, "bytes that compiled modules may take there; what was used least recently goes first")
	flags.String("health-addr", d.HealthAddr, "host:port of the health endpoint; empty: none")
	flags.Int64("memory", d.Memory, "bytes that the memory limits of all guests at work may add up to")
	flags.StringToInt64("limits-max", nil, "upper bounds of the limits of classes, as KEY=VALUE,…; a class above one is not run here")
	flags.String("plugin-dir", d.PluginDir, "private directory for sockets and bundles of native plugins; a short path")
	flags.StringToString(interpreters, nil, "what bundles of native plugins may be run by, as NAME=PATH,…; none: no bundle that needs one")
	flags.Int("conns", d.Conns, "connections to Postgres, one more for LISTEN")
	flags.String("pooling", d.Pooling, "session, transaction or auto: what a connection to Postgres is; auto finds a PgBouncer, and then polls and keeps no session state")
	flags.String("signatures", d.Signatures, "off, warn or require: what to do about modules that no trusted key has signed")
	flags.StringSlice("trusted-keys", nil, "public keys that alone count, of those that are registered; none: all of these")
	flags.String("log-level", d.LogLevel, "debug, info, warn or error")
	flags.String("log-format", d.LogFormat, "console or json")
	return flags.String("config", "", "file of settings, YAML (LESSEE_CONFIG; "+systemConfig+" or ~/.config/lessee/host.yaml if there)")
}

// loadConfig reads the layers, the lightest first: defaults < file < environment < flags.
func (a *app) loadConfig(flags *pflag.FlagSet, path string) (hostConfig, error) {
	c := hostConfig{values: koanf.New("."), origin: map[string]string{}}
	path, err := a.configFile(path)
	if err != nil {
		return c, err
	}
	layers := []func() error{
		func() error {
			return c.layer(originDefault, structs.Provider(host.DefaultConfig(), "koanf"), nil)
		},
		func() error { return c.fileLayer(path) },
		func() error { return c.environmentLayer(a.environ) },
		func() error { return c.flagLayer(flags) },
	}
	for _, load := range layers {
		if err := load(); err != nil {
			return c, err
		}
	}
	return c, c.decode()
}

// layer lays values over those that are there.
func (c hostConfig) layer(origin string, from koanf.Provider, parser koanf.Parser) error {
	k := koanf.New(".")
	if err := k.Load(from, parser); err != nil {
		return fmt.Errorf("read the %s: %w", origin, err)
	}
	for _, key := range k.Keys() {
		c.origin[key] = origin
		if origin == originEnvironment {
			variable, _, _ := strings.Cut(key, ".")
			c.origin[key] += " LESSEE_" + strings.ToUpper(variable)
		}
	}
	return c.values.Merge(k)
}

func (c hostConfig) fileLayer(path string) error {
	if path == "" {
		return nil
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return refused("read the configuration %s: %w", path, err)
	}
	for _, key := range k.Keys() {
		if !c.known(key) {
			return refused("%s: the key %q is unknown; did you mean %q?\n  The keys are %s.", path, key, nearest(key, c.keys()), strings.Join(c.keys(), ", "))
		}
	}
	return c.layer("file "+path, file.Provider(path), yaml.Parser())
}

// trustedKeys is the one key that is a list.
const trustedKeys = "trusted_keys"

// Keys that have keys of their own.
const (
	limitsMax    = "limits_max"
	interpreters = "interpreters"
)

func nested(key string) bool { return key == limitsMax || key == interpreters }

func (c hostConfig) known(key string) bool {
	_, known := c.origin[key]
	outer, _, _ := strings.Cut(key, ".")
	return known || nested(outer)
}

// pairs reads KEY=VALUE,… as the flag does; the decoder says what is no number.
func pairs(text string) map[string]any {
	out := map[string]any{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		out[key] = value
	}
	return out
}

// environmentLayer takes the variables that name a key. Others that begin with
// LESSEE_ belong to somebody else.
func (c hostConfig) environmentLayer(environ func() []string) error {
	return c.layer(originEnvironment, env.Provider(".", env.Opt{
		Prefix:      "LESSEE_",
		EnvironFunc: environ,
		TransformFunc: func(name, value string) (string, any) {
			key := strings.ToLower(strings.TrimPrefix(name, "LESSEE_"))
			switch {
			case !c.known(key):
				return "", nil
			case nested(key):
				return key, pairs(value)
			case key == trustedKeys:
				return key, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
			}
			return key, value
		},
	}), nil)
}

func (c hostConfig) flagLayer(flags *pflag.FlagSet) error {
	return c.layer(originFlag, posflag.ProviderWithFlag(flags, ".", nil, func(f *pflag.Flag) (string, any) {
		key := strings.ReplaceAll(f.Name, "-", "_")
		if !c.known(key) || !f.Changed {
			return "", nil
		}
		if nested(key) {
			return key, pairs(strings.Trim(f.Value.String(), "[]"))
		}
		return key, posflag.FlagVal(flags, f)
	}), nil)
}

// decode goes key by key, so that a failure can name the culprit.
func (c *hostConfig) decode() error {
	for _, key := range c.keys() {
		one := koanf.New(".")
		if err := one.Set(key, c.values.Get(key)); err != nil {
			return err
		}
		if err := one.Unmarshal("", &c.Config); err != nil {
			why := strings.TrimPrefix(oneLine(err.Error(), 200), "decoding failed due to the following error(s): ")
			return refused("%s from %s can't be used: it is %q\n  %s", key, c.origin[key], c.values.String(key), why)
		}
	}
	return nil
}

func (c hostConfig) keys() []string {
	keys := c.values.Keys()
	slices.Sort(keys)
	return keys
}

// configFile finds the file to read; empty: none.
func (a *app) configFile(path string) (string, error) {
	if path = cmp.Or(path, a.env("LESSEE_CONFIG")); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", refused("read the configuration: %w", err)
		}
		return path, nil
	}
	candidates := []string{systemConfig}
	if dir := cmp.Or(a.env("XDG_CONFIG_HOME"), filepath.Join(a.env("HOME"), ".config")); filepath.IsAbs(dir) {
		candidates = append([]string{filepath.Join(dir, "lessee", "host.yaml")}, candidates...)
	}
	for _, candidate := range candidates {
		if _, err := os.Stat(candidate); !errors.Is(err, fs.ErrNotExist) {
			return candidate, nil
		}
	}
	return "", nil
}
