package devpgtest

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// timeout bounds each step of the harness, on a machine that is busy with other tests.
const timeout = 2 * time.Minute

// current is the suite of this test binary. It is global because a test reaches its harness only
// through the package; Main sets it once, before any test runs.
var current atomic.Pointer[suite]

// An Option changes the server or the databases of a test binary.
type Option func(*suite)

// WithTemplate prepares a template database once, by running the callback (the migrations, say) on
// an empty one. Every Database is then a copy of it.
func WithTemplate(prepare func(ctx context.Context, dsn string) error) Option {
	return func(s *suite) { s.prepare = prepare }
}

// WithSetting gives the server a setting, as if from postgresql.conf.
func WithSetting(name, value string) Option {
	return func(s *suite) { s.settings[name] = value }
}

// Main runs the tests of a package, stops their server, and exits.
func Main(m *testing.M, opts ...Option) {
	os.Exit(Run(m, opts...))
}

// Run is Main for a package that has more to clean up: it returns the exit code.
func Run(m *testing.M, opts ...Option) (code int) {
	s := newSuite(opts)
	current.Store(s)
	defer func() {
		if err := s.close(); err != nil {
			fmt.Fprintln(os.Stderr, "devpgtest: stop the server of the tests:", err)
			code = max(code, 1)
		}
	}()
	return m.Run()
}

// running returns the suite, or ends a test whose package forgot Main.
func running(t testing.TB) *suite {
	t.Helper()
	s := current.Load()
	if s == nil {
		t.Fatal("no test server: the package needs func TestMain(m *testing.M) { devpgtest.Main(m) }")
	}
	return s
}
