package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lessee-run/lessee/migrations"
)

// function is one file of migrations/functions, named as the SQL function in it.
type function struct {
	name, body, digest string
}

func (f function) path() string { return "functions/" + f.name + ".sql" }

func embeddedFunctions() ([]function, error) {
	files, err := fs.Glob(migrations.FS, "functions/*.sql")
	if err != nil {
		return nil, err
	}
	var out []function
	for _, file := range files {
		body, err := fs.ReadFile(migrations.FS, file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		out = append(out, function{strings.TrimSuffix(path.Base(file), ".sql"), string(body), hex.EncodeToString(sum[:])})
	}
	return out, nil
}

// applyFunctions re-applies every function whose file changed and drops those
// whose file is gone, all in one transaction, so that hosts never meet half of them.
func applyFunctions(ctx context.Context, conn *sql.Conn) ([]Step, error) {
	steps, err := changedFunctions(ctx, conn, true)
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	functions, err := embeddedFunctions()
	if err != nil {
		return nil, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it says so, else the error before it counts
	if _, err := tx.ExecContext(ctx, "set local role lessee_owner; set local check_function_bodies = off; set local search_path = pg_catalog"); err != nil {
		return nil, err
	}
	pending := make(map[string]bool, len(steps))
	for i, s := range steps {
		pending[s.Name] = true
		steps[i].State = "applied"
		if s.State == "obsolete" {
			steps[i].State = "dropped"
			if err := dropFunction(ctx, tx, strings.TrimSuffix(path.Base(s.Name), ".sql")); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range functions {
		if !pending[f.path()] {
			continue
		}
		if err := applyFunction(ctx, tx, f); err != nil {
			return nil, fmt.Errorf("apply %s: %w", f.path(), err)
		}
	}
	return steps, tx.Commit()
}

// applyFunction replaces f, and drops it first where its result type changed
// or its parameters did, so that no older overload stays behind.
func applyFunction(ctx context.Context, tx *sql.Tx, f function) error {
	before, err := overloads(ctx, tx, f.name)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "savepoint f"); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, f.body)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P13" { // cannot change return type of existing function
		if _, err := tx.ExecContext(ctx, "rollback to f"); err != nil {
			return err
		}
		if err := dropFunction(ctx, tx, f.name); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, f.body)
	}
	if err != nil {
		return err
	}
	after, err := overloads(ctx, tx, f.name)
	if err != nil {
		return err
	}
	if len(after) > 1 {
		for _, old := range before {
			if _, err := tx.ExecContext(ctx, "drop function "+old+" cascade"); err != nil {
				return err
			}
		}
	}
	_, err = tx.ExecContext(ctx, `insert into lessee.schema_function (name, digest) values ($1, $2)
		on conflict (name) do update set digest = excluded.digest, applied_at = now()`, f.name, f.digest)
	return err
}

func dropFunction(ctx context.Context, tx *sql.Tx, name string) error {
	all, err := overloads(ctx, tx, name)
	if err != nil {
		return err
	}
	for _, signature := range all {
		if _, err := tx.ExecContext(ctx, "drop function "+signature+" cascade"); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "delete from lessee.schema_function where name = $1", name)
	return err
}

// dropFunctions drops them all: before a migration is taken back, since they depend on its tables.
func dropFunctions(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // as above
	recorded, err := recordedFunctions(ctx, conn)
	if err != nil {
		return err
	}
	for name := range recorded {
		if err := dropFunction(ctx, tx, name); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func overloads(ctx context.Context, tx *sql.Tx, name string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, "select oid::regprocedure::text from pg_proc where pronamespace = 'lessee'::regnamespace and proname = $1", name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var signature string
		if err := rows.Scan(&signature); err != nil {
			return nil, err
		}
		out = append(out, signature)
	}
	return out, rows.Err()
}

// changedFunctions lists the functions that the database has not, has
// otherwise, or has and this binary has not.
func changedFunctions(ctx context.Context, conn *sql.Conn, migrated bool) ([]Step, error) {
	functions, err := embeddedFunctions()
	if err != nil {
		return nil, err
	}
	recorded := map[string]string{}
	if migrated {
		if recorded, err = recordedFunctions(ctx, conn); err != nil {
			return nil, err
		}
	}
	var steps []Step
	for _, f := range functions {
		digest, known := recorded[f.name]
		delete(recorded, f.name)
		switch {
		case !known:
			steps = append(steps, Step{Name: f.path(), State: "pending"})
		case digest != f.digest:
			steps = append(steps, Step{Name: f.path(), State: "changed"})
		}
	}
	for name := range recorded {
		steps = append(steps, Step{Name: "functions/" + name + ".sql", State: "obsolete"})
	}
	return steps, nil
}

// recordedFunctions reads which digest of each function was applied.
func recordedFunctions(ctx context.Context, conn *sql.Conn) (map[string]string, error) {
	rows, err := conn.QueryContext(ctx, "select name, digest from lessee.schema_function")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, digest string
		if err := rows.Scan(&name, &digest); err != nil {
			return nil, err
		}
		out[name] = digest
	}
	return out, rows.Err()
}
