// Package postgrestest gives a test a migrated database of its own, on the
// server of its test binary.
package postgrestest

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// Main is for TestMain: databases are copies of a migrated template.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a package that has more to clean up: it returns the exit code.
func Run(m *testing.M) int { return devpgtest.Run(m, devpgtest.WithTemplate(Migrate)) }

// Migrate brings the database at dsn to the schema of this tree.
func Migrate(ctx context.Context, dsn string) error {
	migrator, err := postgres.NewMigrator(dsn)
	if err != nil {
		return err
	}
	_, err = migrator.Up(ctx)
	return errors.Join(err, migrator.Close())
}

// Pool is a pool on a migrated database of the test's own, as superuser, and its DSN.
func Pool(t testing.TB) (*pgxpool.Pool, string) {
	t.Helper()
	dsn := devpgtest.Database(t)
	pool, err := postgres.Connect(t.Context(), dsn, t.Name(), 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, dsn
}
