package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/lessee-run/lessee/migrations"
)

// schemaVersion is what fn_schema_version tells.
type schemaVersion struct {
	Migration int64
	Functions map[string]string // name -> digest of its file
}

// CheckSchema says whether a host of this binary can work on the database: an
// error of KindNotMigrated when its schema is missing, older or newer, or a
// function differs. Any role of Lessee's may ask.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	there, err := checkMigration(ctx, pool)
	if err != nil {
		return err
	}
	functions, err := embeddedFunctions()
	if err != nil {
		return err
	}
	for _, f := range functions {
		if there.Functions[f.name] != f.digest {
			return outdated(f.path() + " differs from this binary's")
		}
	}
	return nil
}

// checkMigration compares the tables' version only.
func checkMigration(ctx context.Context, pool *pgxpool.Pool) (there schemaVersion, err error) {
	var data []byte
	if err := pool.QueryRow(ctx, "select lessee.fn_schema_version()").Scan(&data); err != nil {
		return there, translate(err)
	}
	if err := json.Unmarshal(data, &there); err != nil {
		return there, fmt.Errorf("read the schema's version: %w", err)
	}
	newest, err := newestMigration()
	if err != nil {
		return there, err
	}
	if there.Migration < newest {
		return there, outdated(fmt.Sprintf("it is at migration %d, this binary needs %d", there.Migration, newest))
	}
	return there, refuseNewer(there.Migration, newest)
}

func outdated(why string) error {
	return &Error{Kind: KindNotMigrated, Message: "the database is not migrated to this version of Lessee: " + why, Hint: "Run: lessee migrate up"}
}

// newestMigration is the highest number among the embedded migrations.
func newestMigration() (newest int64, err error) {
	files, err := fs.Glob(migrations.FS, "[0-9]*.sql")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}
