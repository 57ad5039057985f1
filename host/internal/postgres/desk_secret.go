package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// SecretRecord is a row of secret_binding: where a value is, never the value.
type SecretRecord struct {
	Name      string    `json:"name"`
	Source    string    `json:"source"`
	Reference string    `json:"reference"`
	Hosts     []string  `json:"hosts"`
	Header    string    `json:"header"`
	Format    string    `json:"format"`
	Enabled   bool      `json:"enabled"`
	Owner     string    `json:"owner"`
	Reason    string    `json:"reason"`
	ExitPath  string    `json:"exit_path"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"`
	Classes   []string  `json:"classes"` // whose grants name it
}

const selectSecret = `
	select s.name, s.source, s.reference, s.hosts, s.header, s.format, s.enabled, s.owner, s.reason, s.exit_path, s.created_at, s.updated_at, s.updated_by,
	       coalesce((select array_agg(c.class order by c.class) from lessee.executor_class_registry c
	                 where jsonb_path_exists(c.grants, '$.http[*].credentials[*] ? (@ == $name)', jsonb_build_object('name', s.name))), '{}') as classes
	from lessee.secret_binding s`

// Secrets lists the secret bindings by name.
func (d *Desk) Secrets(ctx context.Context) ([]SecretRecord, error) {
	return list[SecretRecord](ctx, d, selectSecret+" order by s.name")
}

// Secret reads one secret binding.
func (d *Desk) Secret(ctx context.Context, name string) (SecretRecord, error) {
	return one[SecretRecord](ctx, d, secretMissing(name), selectSecret+" where s.name = $1", name)
}

// AddSecret binds a secret, enabled. The trigger of the table says what is
// wrong with the row, if anything is.
func (d *Desk) AddSecret(ctx context.Context, s SecretRecord) error {
	_, err := d.pool.Exec(ctx, `insert into lessee.secret_binding (name, source, reference, hosts, header, format, owner, reason, exit_path)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, s.Name, s.Source, s.Reference, s.Hosts, s.Header, s.Format, s.Owner, s.Reason, s.ExitPath)
	return explainSecret(s.Name, err)
}

func explainSecret(name string, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return translate(err)
	}
	switch pg.ConstraintName {
	case "secret_binding_pkey":
		return &Error{Kind: KindConflict, Message: fmt.Sprintf("secret %q is bound already", name), Hint: "Add it under another name, or change its row in lessee.secret_binding.", cause: err}
	case "secret_binding_name_check":
		return &Error{Kind: KindInvalid, Message: "the name of a secret must be a lower-case letter and then up to 62 of a-z 0-9 _ . -", cause: err}
	case "secret_binding_source_check":
		return &Error{Kind: KindInvalid, Message: "the source of a secret must be env, file or systemd", cause: err}
	}
	return translate(err)
}

// EnableSecret sets whether hosts may send a secret. An empty reason keeps the row's own.
func (d *Desk) EnableSecret(ctx context.Context, name string, enabled bool, reason string) error {
	tag, err := d.pool.Exec(ctx, "update lessee.secret_binding set enabled = $2, reason = coalesce(nullif($3, ''), reason) where name = $1", name, enabled, reason)
	if err == nil && tag.RowsAffected() == 0 {
		return secretMissing(name)
	}
	return translate(err)
}

func secretMissing(name string) *Error {
	return &Error{Kind: KindNotFound, Message: fmt.Sprintf("secret %q is not bound", name), Hint: "lessee secret list shows what is."}
}
