package devpgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/devpg"
)

const template = "lessee_template"

// suite is the server of one test binary.
type suite struct {
	prepare  func(ctx context.Context, dsn string) error
	settings map[string]string
	start    func() (*devpg.Cluster, error) // once
	dir      string
	cluster  *devpg.Cluster
	created  atomic.Int64 // numbers the databases
}

func newSuite(opts []Option) *suite {
	s := &suite{settings: defaultSettings()}
	for _, opt := range opts {
		opt(s)
	}
	s.start = sync.OnceValues(s.open)
	return s
}

// defaultSettings trade durability, which no test needs beyond a crash of the server itself, for
// speed. Synchronous commit stays on, because it changes what concurrent sessions see.
func defaultSettings() map[string]string {
	return map[string]string{
		"fsync":            "off",
		"full_page_writes": "off",
		"max_connections":  "200",
		"shared_buffers":   "128MB",
		"max_wal_size":     "256MB",
		"autovacuum":       "on",
	}
}

func (s *suite) open() (*devpg.Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	removeStale()
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	s.dir = dir
	s.cluster, err = openCluster(ctx, dir, s.settings)
	if err != nil || s.prepare == nil {
		return s.cluster, err
	}
	return s.cluster, s.makeTemplate(ctx)
}

func openCluster(ctx context.Context, dir string, settings map[string]string) (*devpg.Cluster, error) {
	return devpg.Open(ctx, devpg.Config{Dir: dir, Settings: maps.Clone(settings), NoSync: true})
}

func (s *suite) makeTemplate(ctx context.Context) error {
	if err := s.cluster.EnsureDatabase(ctx, template); err != nil {
		return err
	}
	if err := s.prepare(ctx, s.cluster.SuperuserDSN(template)); err != nil {
		return fmt.Errorf("prepare the template database: %w", err)
	}
	return s.exec(ctx, "ALTER DATABASE "+template+" ALLOW_CONNECTIONS false")
}

// exec runs one statement outside of the tests' databases.
func (s *suite) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.cluster.SuperuserDSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func (s *suite) close() error {
	var err error
	if s.cluster != nil {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		err = s.cluster.Stop(ctx)
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
