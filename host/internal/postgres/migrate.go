package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/lessee-run/lessee/migrations"
)

// migrationLock is the advisory lock that lets one migration run at a time in a database.
const migrationLock = 0x1e55ee

// versionTable is where goose keeps which migrations are applied.
const versionTable = "lessee.schema_migration"

// Migrator brings a database to the schema of this binary, and back.
// The login it uses needs CREATE on the database and CREATEROLE, not superuser, and
// a session of Postgres, not of a pooler.
type Migrator struct {
	db    *sql.DB // as the login
	owner *sql.DB // as lessee_owner
}

// Step is one migration or function, as status and plan show it.
type Step struct {
	Name    string     `json:"name"`              // 0001_registry.sql, functions/fn_job_claim.sql
	State   string     `json:"state"`             // applied, pending, changed, obsolete
	Applied *time.Time `json:"applied,omitempty"` // of a migration
}

// NewMigrator returns a migrator on its own connections to dsn. Close it.
func NewMigrator(dsn string) (*Migrator, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Message: "the DSN can't be read: " + oneLine(err), cause: err}
	}
	cfg.RuntimeParams["application_name"] = "lessee migrate"
	return &Migrator{db: stdlib.OpenDB(*cfg), owner: asOwner(*cfg)}, nil
}

// provider is made for each use: goose remembers that its table exists, and Down may drop it.
func (m *Migrator) provider() (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectPostgres, m.owner, migrations.FS,
		goose.WithTableName(versionTable), goose.WithExcludeNames([]string{"roles.sql"}), goose.WithDisableGlobalRegistry(true))
}

// asOwner opens connections that act as lessee_owner, so that all it makes belongs to that role.
func asOwner(cfg pgx.ConnConfig) *sql.DB {
	return stdlib.OpenDB(cfg, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set role lessee_owner; set check_function_bodies = off; set search_path = pg_catalog")
		return err
	}))
}

// Close closes its connections.
func (m *Migrator) Close() error { return errors.Join(m.owner.Close(), m.db.Close()) }

// Up applies what is missing, then every function that differs. It returns what it did.
func (m *Migrator) Up(ctx context.Context) ([]Step, error) {
	var done []Step
	err := m.locked(ctx, func(conn *sql.Conn) error {
		if err := m.refuseNewer(ctx, conn); err != nil {
			return err
		}
		if err := applyRoles(ctx, conn); err != nil {
			return err
		}
		provider, err := m.provider()
		if err != nil {
			return err
		}
		results, err := provider.Up(ctx)
		for _, r := range results {
			done = append(done, Step{Name: r.Source.Path, State: "applied"})
		}
		if err != nil {
			return fmt.Errorf("apply migrations: %w", err)
		}
		functions, err := applyFunctions(ctx, conn)
		done = append(done, functions...)
		if err != nil {
			return err
		}
		return m.makePartitions(ctx)
	})
	return done, translate(err)
}

// makePartitions makes those of today and the days to come, so that the first
// job finds them. What can't be had now, hosts make.
func (m *Migrator) makePartitions(ctx context.Context) error {
	for _, table := range historyTables() {
		for more := true; more; {
			err := m.owner.QueryRowContext(ctx, "select count(*) > 0 from lessee.fn_history_maintain($1) where act = 'created'", table).Scan(&more)
			if err != nil {
				return fmt.Errorf("make partitions of %s: %w", table, err)
			}
		}
	}
	return nil
}

// Down takes the latest migration back; with all, every one, and the schema too.
// It destroys the data that the migration made room for.
func (m *Migrator) Down(ctx context.Context, all bool) ([]Step, error) {
	var done []Step
	err := m.locked(ctx, func(conn *sql.Conn) error {
		version, err := m.version(ctx, conn)
		if err != nil || version == 0 {
			return err
		}
		if err := dropFunctions(ctx, conn); err != nil {
			return err
		}
		target := int64(0)
		if !all {
			target = version - 1
		}
		provider, err := m.provider()
		if err != nil {
			return err
		}
		results, err := provider.DownTo(ctx, target)
		for _, r := range results {
			done = append(done, Step{Name: r.Source.Path, State: "taken back"})
		}
		if err != nil || target > 0 {
			return err
		}
		_, err = conn.ExecContext(ctx, "drop schema lessee cascade")
		return err
	})
	return done, translate(err)
}

// Status lists every migration and every function that is not as this binary has it.
func (m *Migrator) Status(ctx context.Context) ([]Step, error) {
	conn, err := m.session(ctx)
	if err != nil {
		return nil, translate(err)
	}
	defer conn.Close()
	version, err := m.version(ctx, conn)
	if err != nil {
		return nil, translate(err)
	}
	var steps []Step
	provider, err := m.provider()
	if err != nil {
		return nil, err
	}
	for _, s := range provider.ListSources() {
		step := Step{Name: s.Path, State: "pending"}
		if s.Version <= version {
			step.State = "applied"
		}
		steps = append(steps, step)
	}
	functions, err := changedFunctions(ctx, conn, version > 0)
	return append(steps, functions...), translate(err)
}

func (m *Migrator) refuseNewer(ctx context.Context, conn *sql.Conn) error {
	version, err := m.version(ctx, conn)
	if err != nil {
		return err
	}
	newest, err := newestMigration()
	if err != nil {
		return err
	}
	return refuseNewer(version, newest)
}

func refuseNewer(version, newest int64) error {
	if version > newest {
		return &Error{Kind: KindNotMigrated, Message: fmt.Sprintf("the database is at migration %d, this binary knows up to %d", version, newest), Hint: "Use a newer lessee binary on this database."}
	}
	return nil
}

// version is the newest applied migration; 0 when there is no schema.
func (m *Migrator) version(ctx context.Context, conn *sql.Conn) (version int64, err error) {
	var exists bool
	if err := conn.QueryRowContext(ctx, "select to_regclass($1) is not null", versionTable).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	err = conn.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from "+versionTable+" where is_applied").Scan(&version)
	return version, err
}

// session returns a connection that is a session of Postgres: the lock, the
// role and goose's own statements live in one.
func (m *Migrator) session(ctx context.Context) (*sql.Conn, error) {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	err = conn.Raw(func(driver any) error {
		shared, err := pooled(ctx, driver.(*stdlib.Conn).Conn())
		if shared {
			err = &Error{Kind: KindInvalid, Message: "there is a pooler between here and Postgres, and migrations need a session of their own",
				Hint: "Name Postgres itself: lessee migrate --dsn …; hosts and operators may keep the pooler."}
		}
		return err
	})
	if err != nil {
		conn.Close() //nolint:errcheck // the first error tells
		return nil, err
	}
	return conn, nil
}

// locked runs f while this is the only migration in the database.
func (m *Migrator) locked(ctx context.Context, f func(*sql.Conn) error) error {
	conn, err := m.session(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock($1)", migrationLock); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", migrationLock) //nolint:errcheck // the lock goes with the connection
	return f(conn)
}

func applyRoles(ctx context.Context, conn *sql.Conn) error {
	script, err := fs.ReadFile(migrations.FS, "roles.sql")
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, string(script)); err != nil {
		return fmt.Errorf("make roles and schema: %w", err)
	}
	return nil
}
