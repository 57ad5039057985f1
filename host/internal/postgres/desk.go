package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Desk is the database as an operator sees it: what the roles lessee_operator
// and lessee_reader may read, and the functions that are granted to a person.
type Desk struct {
	pool *pgxpool.Pool
}

// NewDesk returns a desk on pool, which the caller closes.
func NewDesk(pool *pgxpool.Pool) *Desk { return &Desk{pool: pool} }

// CheckSchema says whether this binary can read and change what the database
// holds. Functions that differ don't matter here; the function CheckSchema is
// for hosts.
func (d *Desk) CheckSchema(ctx context.Context) error {
	_, err := checkMigration(ctx, d.pool)
	return err
}

// CheckHosts says whether hosts of this binary can work on the database.
func (d *Desk) CheckHosts(ctx context.Context) error { return CheckSchema(ctx, d.pool) }

// Run executes a script of statements as the desk's login.
func (d *Desk) Run(ctx context.Context, script string) error {
	_, err := d.pool.Exec(ctx, script)
	return translate(err)
}

// queryRow runs a statement that returns one row of scalars.
func (d *Desk) queryRow(ctx context.Context, sql string, args []any, into ...any) error {
	return translate(d.pool.QueryRow(ctx, sql, args...).Scan(into...))
}

// list reads rows into structs, column by field name.
func list[T any](ctx context.Context, d *Desk, sql string, args ...any) ([]T, error) {
	rows, err := d.pool.Query(ctx, sql, args...)
	return collect(rows, err, pgx.RowToStructByName[T])
}

// one reads the single row that sql returns; missing is the error when there is none.
func one[T any](ctx context.Context, d *Desk, missing *Error, sql string, args ...any) (T, error) {
	all, err := list[T](ctx, d, sql, args...)
	if err == nil && len(all) == 0 {
		err = missing
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}
