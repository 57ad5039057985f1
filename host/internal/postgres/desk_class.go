package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// ClassRecord is a row of executor_class_registry, as an operator reads it.
type ClassRecord struct {
	Class            string          `json:"class"`
	Runtime          string          `json:"runtime"`
	Enabled          bool            `json:"enabled"`
	Status           string          `json:"status"`
	StatusReason     string          `json:"status_reason"`
	StatusHost       string          `json:"status_host"`
	StatusAt         time.Time       `json:"status_at"`
	Module           *string         `json:"module"` // NAME@VERSION
	ModuleSHA256     *string         `json:"module_sha256" db:"module_sha256"`
	Serving          *string         `json:"serving"`  // NAME@VERSION of what runs the jobs, while hosts make Module ready; null: Module does
	Previous         *string         `json:"previous"` // NAME@VERSION; class rollback goes there
	PreviousSHA256   *string         `json:"previous_sha256" db:"previous_sha256"`
	Candidate        *string         `json:"candidate"` // NAME@VERSION, on trial
	CandidateSHA256  *string         `json:"candidate_sha256" db:"candidate_sha256"`
	CanaryPercent    int             `json:"canary_percent"`
	CandidateSince   *time.Time      `json:"candidate_since"`
	Isolation        string          `json:"isolation"`
	Process          json.RawMessage `json:"process"` // as the row has it
	Containment      string          `json:"containment"`
	Command          *string         `json:"command"`
	Limits           json.RawMessage `json:"limits"`           // as the row has them
	EffectiveLimits  json.RawMessage `json:"effective_limits"` // with the defaults
	RetryPolicy      json.RawMessage `json:"retry_policy"`
	EffectiveRetry   json.RawMessage `json:"effective_retry_policy"`
	Grants           json.RawMessage `json:"grants"`
	Config           json.RawMessage `json:"config"`
	PayloadSchema    json.RawMessage `json:"payload_schema"`
	ResultSchema     json.RawMessage `json:"result_schema"`
	Concurrency      int             `json:"concurrency_per_host"`
	Priority         int             `json:"priority"`
	RequiresApproval bool            `json:"requires_approval"`
	RetentionSeconds float64         `json:"idempotency_retention_seconds"`
	ExpiresAfterSecs *float64        `json:"expires_after_seconds"`
	Owner            string          `json:"owner"`
	Reason           string          `json:"reason"`
	ExitPath         string          `json:"exit_path"`
	CreatedAt        time.Time       `json:"created_at"`
	UpdatedAt        time.Time       `json:"updated_at"`
	UpdatedBy        string          `json:"updated_by"`
	ModuleName       *string         `json:"-"`
}

const selectClass = `
	select c.class, c.runtime, c.enabled, c.status, c.status_reason, c.status_host, c.status_at,
	       m.name || '@' || m.version as module, m.name as module_name, c.module_sha256, c.command,
	       s.name || '@' || s.version as serving, p.name || '@' || p.version as previous, c.previous_sha256,
	       t.name || '@' || t.version as candidate, c.candidate_sha256, c.canary_percent, c.candidate_since, c.isolation, c.process, c.containment,
	       c.limits, lessee.fn_default_limits() || c.limits as effective_limits,
	       c.retry_policy, lessee.fn_default_retry_policy() || c.retry_policy as effective_retry,
	       c.grants, c.config, coalesce(c.payload_schema, 'null') as payload_schema, coalesce(c.result_schema, 'null') as result_schema,
	       c.concurrency_per_host as concurrency, c.priority, c.requires_approval,
	       extract(epoch from c.idempotency_retention)::float8 as retention_seconds, extract(epoch from c.expires_after)::float8 as expires_after_secs,
	       c.owner, c.reason, c.exit_path, c.created_at, c.updated_at, c.updated_by
	from lessee.executor_class_registry c
	left join lessee.executor_module_registry m on m.sha256 = c.module_sha256
	left join lessee.executor_module_registry s on s.sha256 = c.serving_sha256
	left join lessee.executor_module_registry p on p.sha256 = c.previous_sha256
	left join lessee.executor_module_registry t on t.sha256 = c.candidate_sha256`

// Classes lists all classes by name.
func (d *Desk) Classes(ctx context.Context) ([]ClassRecord, error) {
	return list[ClassRecord](ctx, d, selectClass+" order by c.class")
}

// Class reads one class.
func (d *Desk) Class(ctx context.Context, name string) (ClassRecord, error) {
	return one[ClassRecord](ctx, d, classMissing(name), selectClass+" where c.class = $1", name)
}

// ClassNames lists the names that begin with prefix, for completion.
func (d *Desk) ClassNames(ctx context.Context, prefix string) (names []string, err error) {
	err = d.queryRow(ctx, "select coalesce(array_agg(class order by class), '{}') from lessee.executor_class_registry where starts_with(class, $1)", []any{prefix}, &names)
	return names, err
}

// EnableClass sets whether a class may run. An empty reason keeps the row's own.
func (d *Desk) EnableClass(ctx context.Context, name string, enabled bool, reason string) error {
	tag, err := d.pool.Exec(ctx, "update lessee.executor_class_registry set enabled = $2, reason = coalesce(nullif($3, ''), reason) where class = $1", name, enabled, reason)
	if err == nil && tag.RowsAffected() == 0 {
		return classMissing(name)
	}
	return translate(err)
}

func classMissing(name string) *Error {
	return &Error{Kind: KindNotFound, Message: fmt.Sprintf("class %q is not registered", name), Hint: "lessee class list shows what is."}
}
