package bench

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

// scratch is a migrated database for a measurement alone, on the server of the
// installation. Dropping it is cheaper than deleting ten million jobs.
type scratch struct {
	server, dsn, name string
	site              *site // in it; nil: none yet
	keep              bool
}

// createScratch returns what is to be dropped, also after an error.
func createScratch(ctx context.Context, server, name string) (*scratch, error) {
	s := &scratch{server: server, name: name}
	var err error
	if s.dsn, err = withDatabase(server, name); err != nil {
		return nil, err
	}
	if err := s.exec(ctx, "create database "+name); err != nil {
		return nil, fmt.Errorf("create a database to measure in; the login needs the right CREATEDB: %w", err)
	}
	migrator, err := postgres.NewMigrator(s.dsn)
	if err != nil {
		return s, err
	}
	defer migrator.Close() //nolint:errcheck // the schema is there or is not
	if _, err := migrator.Up(ctx); err != nil {
		return s, fmt.Errorf("migrate the database to measure in: %w", err)
	}
	return s, nil
}

// drop takes the database away, unless it is to be kept.
func (s *scratch) drop(ctx context.Context) error {
	if s.site != nil {
		s.site.pool.Close()
	}
	if s.keep {
		return nil
	}
	return s.exec(ctx, "drop database "+s.name+" with (force)")
}

func (s *scratch) exec(ctx context.Context, sql string) error {
	pool, err := postgres.Connect(ctx, s.server, "lessee bench", 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = pool.Exec(ctx, sql)
	return err
}

// withDatabase is a DSN of another database on the same server.
func withDatabase(dsn, database string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " dbname=" + database, nil // of two the later one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("read the DSN: %w", err)
	}
	u.Path = "/" + database
	return u.String(), nil
}
