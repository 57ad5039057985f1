package host_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

// asHost makes a child of the test binary a host daemon: its value is the DSN.
const asHost = "LESSEE_TEST_AS_HOST"

func TestMain(m *testing.M) {
	host.LaunchIfAsked()
	if dsn := os.Getenv(asHost); dsn != "" {
		if err := runAsHost(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

// moduleCache is shared by the tests of this package: compiling a Go guest takes a second.
var moduleCache string

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lessee-test-cache-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	moduleCache = dir
	return postgrestest.Run(m)
}

func runAsHost(dsn string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	h, err := host.New(ctx, testConfig(dsn, os.Getenv(asHost+"_NAME"), os.Getenv(asHost+"_CACHE")), "test", jsonLogger())
	if err != nil {
		return err
	}
	return h.Run(ctx)
}

func testConfig(dsn, name, cache string) host.Config {
	cfg := host.DefaultConfig()
	cfg.DSN, cfg.Name, cfg.CacheDir, cfg.HealthAddr = dsn, name, cache, ""
	cfg.Grace = 10 * time.Second
	return cfg
}

func jsonLogger() *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(os.Stdout), zap.DebugLevel))
}
