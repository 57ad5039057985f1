package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ModuleRecord is a row of executor_module_registry without its bytes.
type ModuleRecord struct {
	SHA256   string    `json:"sha256" db:"sha256"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	ABI      string    `json:"abi" db:"abi"`
	Size     int64     `json:"size"`
	Location *string   `json:"location"` // null: the bytes are in the row
	AddedBy  string    `json:"added_by"`
	AddedAt  time.Time `json:"added_at"`
	Reason   string    `json:"reason"`
	ExitPath string    `json:"exit_path"`
	Classes  []string  `json:"classes"` // that point at it

	Status       string          `json:"status"` // of its admission
	StatusReason string          `json:"status_reason"`
	StatusHost   string          `json:"status_host"`
	StatusAt     time.Time       `json:"status_at"`
	Stages       json.RawMessage `json:"stages"`   // of the admission, as registry.Stage
	Manifest     json.RawMessage `json:"manifest"` // null: none, or not read yet
}

const selectModule = `
	select m.sha256, m.name, m.version, m.abi, m.size, m.location, m.added_by, m.added_at, m.reason, m.exit_path,
	       m.status, m.status_reason, m.status_host, m.status_at, m.stages, coalesce(m.manifest, 'null') as manifest,
	       coalesce((select array_agg(c.class order by c.class) from lessee.executor_class_registry c where c.module_sha256 = m.sha256), '{}') as classes
	from lessee.executor_module_registry m`

// Modules lists all modules, by name and the newest first.
func (d *Desk) Modules(ctx context.Context) ([]ModuleRecord, error) {
	return list[ModuleRecord](ctx, d, selectModule+" order by m.name, m.added_at desc")
}

// Module finds a module by NAME@VERSION, by digest, or by the beginning of a
// digest that only one module has.
func (d *Desk) Module(ctx context.Context, ref string) (ModuleRecord, error) {
	where := " where m.name || '@' || m.version = $1"
	if regexp.MustCompile(`^[0-9a-f]{8,64}$`).MatchString(ref) {
		where = " where starts_with(m.sha256, $1) limit 2"
	}
	found, err := list[ModuleRecord](ctx, d, selectModule+where, ref)
	switch {
	case err != nil:
		return ModuleRecord{}, err
	case len(found) == 0:
		return ModuleRecord{}, &Error{Kind: KindNotFound, Message: fmt.Sprintf("module %q is not registered", ref), Hint: "lessee module list shows what is; name a module as NAME@VERSION or by its sha256."}
	case len(found) > 1:
		return ModuleRecord{}, &Error{Kind: KindInvalid, Message: fmt.Sprintf("more than one digest begins with %s", ref), Hint: "Give more of its digits, or NAME@VERSION."}
	}
	return found[0], nil
}

// ModuleBytes reads what the row holds; nil when the bytes are elsewhere.
func (d *Desk) ModuleBytes(ctx context.Context, digest string) (data []byte, err error) {
	err = d.queryRow(ctx, "select bytes from lessee.executor_module_registry where sha256 = $1", []any{digest}, &data)
	return data, err
}

// AddModule registers m with its bytes, or without, at its location. The same bytes again change nothing:
// the module that is there is returned, and added is false.
func (d *Desk) AddModule(ctx context.Context, m ModuleRecord, data []byte) (_ ModuleRecord, added bool, err error) {
	tag, err := d.pool.Exec(ctx, `insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size, reason, exit_path, location)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (sha256) do nothing`,
		m.SHA256, m.Name, m.Version, m.ABI, data, m.Size, m.Reason, m.ExitPath, m.Location)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "name_version_is_immutable" {
		return ModuleRecord{}, false, &Error{Kind: KindConflict, cause: err,
			Message: fmt.Sprintf("%s@%s is registered with other bytes, and a version is immutable", m.Name, m.Version), Hint: "Give these bytes a --version of their own."}
	}
	if err != nil {
		return ModuleRecord{}, false, translate(err)
	}
	there, err := d.Module(ctx, m.SHA256)
	return there, tag.RowsAffected() == 1, err
}
