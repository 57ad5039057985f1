package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// privateDatabase is the name of the database in the private Postgres.
const privateDatabase = "lessee"

// Logins of the private Postgres. None is a superuser: what works there works
// with the rights that a real installation gives.
const (
	daemonLogin = "lessee_daemon"
	adminLogin  = "lessee_admin"
)

const loginsSQL = `
do $$ begin create role lessee_daemon login; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role lessee_admin  login; exception when duplicate_object or unique_violation then null; end $$;
grant lessee_host to lessee_daemon;
grant lessee_operator, lessee_producer, lessee_reader, pg_read_all_stats to lessee_admin;`

var errNoDatabase = errors.New("there is no database yet: run `lessee up`, or give --dsn")

// dataDirectory is where the private Postgres lives.
func (a *app) dataDirectory() (string, error) {
	if dir := cmp.Or(a.dataDir, a.env("LESSEE_DATA_DIR")); dir != "" {
		return filepath.Abs(dir)
	}
	return devpg.DefaultDir()
}

// openPrivate attaches to the private Postgres, or starts it, if it was ever
// created: an operator's question must not take the time of an initdb.
func (a *app) openPrivate(ctx context.Context) (*database, error) {
	dir, err := a.dataDirectory()
	if err != nil {
		return nil, err
	}
	if !created(dir) {
		return nil, codedError{errNoDatabase, ExitUnreachable}
	}
	return a.startPrivate(ctx, dir)
}

// createPrivate is openPrivate for the commands that may create it.
func (a *app) createPrivate(ctx context.Context) (*database, error) {
	dir, err := a.dataDirectory()
	if err != nil {
		return nil, err
	}
	if !created(dir) {
		a.progress("creating a private Postgres in %s", dir)
	}
	db, err := a.startPrivate(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := db.private.EnsureDatabase(ctx, privateDatabase); err != nil {
		return nil, errors.Join(err, db.close(ctx))
	}
	return db, nil
}

func (a *app) startPrivate(ctx context.Context, dir string) (*database, error) {
	cluster, err := devpg.Open(ctx, devpg.Config{Dir: dir})
	if err != nil {
		return nil, codedError{err, ExitUnreachable}
	}
	return &database{
		migrator: cluster.SuperuserDSN(privateDatabase),
		operator: cluster.DSN(adminLogin, privateDatabase),
		host:     cluster.DSN(daemonLogin, privateDatabase),
		private:  cluster,
	}, nil
}

// created reports whether a finished initdb left its mark under a data root.
// When we may not look, devpg says why.
func created(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "postgres", "data", "PG_VERSION"))
	return !errors.Is(err, fs.ErrNotExist)
}

// makeLogins creates the logins of a private Postgres; again changes nothing.
func (db *database) makeLogins(ctx context.Context) error {
	pool, err := postgres.Connect(ctx, db.migrator, "lessee", 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	return postgres.NewDesk(pool).Run(ctx, loginsSQL)
}
