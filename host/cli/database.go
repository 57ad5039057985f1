package cli

import (
	"cmp"
	"context"
	"time"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// database is a Postgres to work on, as its three kinds of users connect to
// it. With a DSN of the operator's they are one; see private.go for the others.
type database struct {
	migrator string // may change the schema
	operator string // may read, and say an operator's words
	host     string // may take jobs
	private  *devpg.Cluster
}

// externalDSN is the one that was asked for; empty: the private Postgres.
func (a *app) externalDSN() string { return cmp.Or(a.dsn, a.env("LESSEE_DSN")) }

// program is how to call lessee on the same database again.
func (a *app) program() string {
	switch {
	case a.dsn != "":
		return "lessee --dsn …"
	case a.dataDir != "":
		return "lessee --data-dir " + a.dataDir
	}
	return "lessee"
}

// openDatabase finds the database of an operator's command: there must be one already.
func (a *app) openDatabase(ctx context.Context) (*database, error) {
	if dsn := a.externalDSN(); dsn != "" {
		return external(dsn), nil
	}
	return a.openPrivate(ctx)
}

func external(dsn string) *database { return &database{migrator: dsn, operator: dsn, host: dsn} }

// close gives a private Postgres back; if we were its last user, it stops.
func (db *database) close(ctx context.Context) error {
	if db.private == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return db.private.Stop(ctx)
}

// withDatabase runs f on the database of an operator's command.
func (a *app) withDatabase(ctx context.Context, f func(*database) error) error {
	db, err := a.openDatabase(ctx)
	if err != nil {
		return err
	}
	return db.closeAfter(ctx, func() error { return f(db) })
}

// createDatabase is the database at dsn; without one the private Postgres,
// created if need be.
func (a *app) createDatabase(ctx context.Context, dsn string) (*database, error) {
	if dsn != "" {
		return external(dsn), nil
	}
	return a.createPrivate(ctx)
}

func (db *database) closeAfter(ctx context.Context, f func() error) error {
	return cmp.Or(f(), db.close(ctx))
}

// atDesk runs f as an operator, on a schema that this binary knows.
func (a *app) atDesk(ctx context.Context, f func(*postgres.Desk) error) error {
	return a.withDatabase(ctx, func(db *database) error {
		return db.atDesk(ctx, func(desk *postgres.Desk) error {
			if err := desk.CheckSchema(ctx); err != nil {
				return err
			}
			return f(desk)
		})
	})
}

// atDesk connects as the operator, whatever the schema.
func (db *database) atDesk(ctx context.Context, f func(*postgres.Desk) error) error {
	pool, err := postgres.Connect(ctx, db.operator, "lessee", 4)
	if err != nil {
		return db.connectError(err)
	}
	defer pool.Close()
	return f(postgres.NewDesk(pool))
}

// connectError knows why a private Postgres refuses a login: nobody made it yet.
func (db *database) connectError(err error) error {
	if db.private != nil && postgres.KindOf(err) == postgres.KindDenied {
		return codedError{errNoDatabase, ExitUnreachable}
	}
	if postgres.KindOf(err) == postgres.KindInvalid {
		return codedError{err, ExitUnreachable}
	}
	return err
}

// migrate brings the schema up, as the migrating login.
func (db *database) migrate(ctx context.Context) ([]postgres.Step, error) {
	var steps []postgres.Step
	err := db.withMigrator(func(m *postgres.Migrator) (err error) {
		steps, err = m.Up(ctx)
		return err
	})
	if err != nil || db.private == nil {
		return steps, err
	}
	return steps, db.makeLogins(ctx)
}

func (db *database) withMigrator(f func(*postgres.Migrator) error) error {
	m, err := postgres.NewMigrator(db.migrator)
	if err != nil {
		return err
	}
	return cmp.Or(f(m), m.Close())
}
