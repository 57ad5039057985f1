package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lessee-run/lessee/registry"
)

// KeyRecord is a row of signing_key_registry, as an operator reads it.
type KeyRecord struct {
	KeyID     string    `json:"key_id"`
	PublicKey string    `json:"public_key"`
	Enabled   bool      `json:"enabled"`
	Owner     string    `json:"owner"`
	Reason    string    `json:"reason"`
	ExitPath  string    `json:"exit_path"`
	Signed    int       `json:"signed"` // modules
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"`
}

const selectKey = `
	select k.key_id, k.public_key, k.enabled, k.owner, k.reason, k.exit_path, k.created_at, k.updated_at, k.updated_by,
	       (select count(*)::int from lessee.module_signature s where s.key_id = k.key_id) as signed
	from lessee.signing_key_registry k`

// Keys lists all keys, by owner and the newest first.
func (d *Desk) Keys(ctx context.Context) ([]KeyRecord, error) {
	return list[KeyRecord](ctx, d, selectKey+" order by k.owner, k.created_at desc")
}

// AddKey registers k. The same public key again changes nothing: the row that
// is there is returned, and added is false.
func (d *Desk) AddKey(ctx context.Context, k KeyRecord) (_ KeyRecord, added bool, err error) {
	tag, err := d.pool.Exec(ctx, `insert into lessee.signing_key_registry (public_key, owner, reason, exit_path)
		values ($1, $2, $3, $4) on conflict (public_key) do nothing`, k.PublicKey, k.Owner, k.Reason, k.ExitPath)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "signing_key_registry_pkey" {
		return KeyRecord{}, false, &Error{Kind: KindConflict, cause: err, Message: "another public key is registered under the id " + k.KeyID, Hint: "Ids are chosen at random, so this is no accident. Find out who made which; lessee key list --json shows the other."}
	}
	if err != nil {
		return KeyRecord{}, false, translate(err)
	}
	there, err := one[KeyRecord](ctx, d, keyMissing(k.KeyID), selectKey+" where k.key_id = $1", k.KeyID)
	return there, tag.RowsAffected() == 1, err
}

// EnableKey says whether the signatures of a key count, and why.
func (d *Desk) EnableKey(ctx context.Context, id string, enabled bool, reason string) error {
	tag, err := d.pool.Exec(ctx, "update lessee.signing_key_registry set enabled = $2, reason = $3 where key_id = $1", id, enabled, reason)
	if err == nil && tag.RowsAffected() == 0 {
		return keyMissing(id)
	}
	return translate(err)
}

func keyMissing(id string) *Error {
	return &Error{Kind: KindNotFound, Message: fmt.Sprintf("key %s is not registered", id), Hint: "lessee key list shows what is."}
}

// SigningKeys are all keys, as hosts read them.
func (d *Desk) SigningKeys(ctx context.Context) ([]registry.SigningKey, error) {
	return list[registry.SigningKey](ctx, d, "select key_id as id, public_key, owner, enabled from lessee.signing_key_registry")
}

// Signatures are those of a module, the oldest first.
func (d *Desk) Signatures(ctx context.Context, digest string) ([]registry.ModuleSignature, error) {
	return list[registry.ModuleSignature](ctx, d, "select key_id, signature as text from lessee.module_signature where sha256 = $1 order by added_at", digest)
}

// AddSignature stores a signature of a module. A key signs a module once: added
// is false, and nothing changed, if it has.
func (d *Desk) AddSignature(ctx context.Context, digest string, s registry.ModuleSignature) (added bool, err error) {
	tag, err := d.pool.Exec(ctx, `insert into lessee.module_signature (sha256, key_id, signature)
		values ($1, $2, $3) on conflict (sha256, key_id) do nothing`, digest, s.KeyID, s.Text)
	return tag.RowsAffected() == 1, translate(err)
}
