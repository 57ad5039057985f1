package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ClassChange is what an operator changes of a class. What is nil stays.
type ClassChange struct {
	Class            string
	Runtime          *string // needed to create the class
	ModuleSHA256     *string
	CandidateSHA256  *string // "" takes it away
	CanaryPercent    *int
	Isolation        *string
	Process          json.RawMessage // the whole of it
	Containment      *string
	Command          *string
	Enabled          *bool
	Limits           map[string]any // merged into the row by key; nil takes a key out
	RetryPolicy      map[string]any // as Limits
	Grants           map[string]any // as Limits
	Config           json.RawMessage
	PayloadSchema    json.RawMessage // JSON null takes it away
	ResultSchema     json.RawMessage // JSON null takes it away
	Concurrency      *int
	Priority         *int
	RequiresApproval *bool
	Retention        *time.Duration
	ExpiresAfter     *time.Duration // 0 takes it away
	Owner            *string        // needed to create the class
	Reason           string
	ExitPath         *string
}

// SaveClass creates the class if it is missing, then changes it. The trigger
// of the table says what is wrong with the outcome, if anything is.
func (d *Desk) SaveClass(ctx context.Context, change ClassChange) (created bool, err error) {
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if created, err = createClass(ctx, tx, change); err != nil {
			return err
		}
		set, args := change.assignments()
		_, err := tx.Exec(ctx, "update lessee.executor_class_registry c set "+set+" where class = @class", args)
		return err
	})
	return created, explainClass(err)
}

// explainClass puts the table's plain constraints into sentences; the others
// are the trigger's, which speaks for itself.
func explainClass(err error) error {
	sentences := map[string]string{
		"executor_class_registry_class_check":                 "the name of a class must be a lower-case letter and then up to 62 of a-z 0-9 _ . -",
		"executor_class_registry_runtime_check":               "the runtime must be wasm, go_plugin, command or human",
		"executor_class_registry_concurrency_per_host_check":  "concurrency_per_host must be from 1 to 10000",
		"executor_class_registry_priority_check":              "priority must be from 0 (first) to 1000 (last)",
		"executor_class_registry_idempotency_retention_check": "idempotency_retention must be from 0 to 10 years",
		"executor_class_registry_expires_after_check":         "expires_after must be above 0",
		"executor_class_registry_command_fkey":                "the command is not in dot_function_registry; register it first",
		"executor_class_registry_module_sha256_fkey":          "the module is not registered; register it: lessee module add FILE",
		"executor_class_registry_canary_percent_check":        "canary_percent must be from 0 to 100",
		"executor_class_registry_isolation_check":             "the isolation must be job or reuse",
		"executor_class_registry_containment_check":           "the containment must be best, required or off",
		"canary_needs_a_candidate":                            "a canary percent needs a candidate; name one: --candidate NAME@VERSION",
		"wasm_takes_a_module":                                 "a wasm class takes a module and no command",
		"command_takes_a_command":                             "a command class takes a command and no module",
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && sentences[pg.ConstraintName] != "" {
		return &Error{Kind: KindInvalid, Message: sentences[pg.ConstraintName], cause: err}
	}
	return translate(err)
}

func createClass(ctx context.Context, tx pgx.Tx, change ClassChange) (created bool, err error) {
	var exists bool
	if err := tx.QueryRow(ctx, "select exists (select from lessee.executor_class_registry where class = $1)", change.Class).Scan(&exists); err != nil || exists {
		return false, err
	}
	if change.Runtime == nil || change.Owner == nil {
		missing := classMissing(change.Class)
		missing.Hint = "A new class needs --runtime and --owner; lessee class list shows what is registered."
		return false, missing
	}
	_, err = tx.Exec(ctx, "insert into lessee.executor_class_registry (class, runtime, owner, reason) values ($1, $2, $3, $4)",
		change.Class, *change.Runtime, *change.Owner, change.Reason)
	return true, err
}

// assignments are the SET clause of change, sorted, and its named arguments.
func (change ClassChange) assignments() (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{"class": change.Class, "reason": change.Reason}
	set := []string{"reason = @reason"}
	assign := func(column, expression string, value any) {
		set = append(set, fmt.Sprintf("%s = %s", column, strings.ReplaceAll(expression, "$", "@"+column)))
		args[column] = value
	}
	for column, value := range change.scalars() {
		assign(column, "$", value)
	}
	for column, keys := range map[string]map[string]any{"limits": change.Limits, "retry_policy": change.RetryPolicy, "grants": change.Grants} {
		if keys != nil {
			assign(column, fmt.Sprintf("jsonb_strip_nulls(c.%s || $::jsonb)", column), jsonOf(keys))
		}
	}
	for column, value := range map[string]json.RawMessage{"config": change.Config, "process": change.Process, "payload_schema": change.PayloadSchema, "result_schema": change.ResultSchema} {
		if value != nil {
			assign(column, "nullif($::jsonb, 'null')", string(value))
		}
	}
	// A runtime has a module or a command; the other one goes.
	if change.Runtime != nil && *change.Runtime == "command" {
		set = append(set, "module_sha256 = null", "candidate_sha256 = null", "canary_percent = 0")
	} else if change.Runtime != nil {
		set = append(set, "command = null")
	}
	slices.Sort(set)
	return strings.Join(set, ", "), args
}

// scalars are the columns that take their value as it is.
func (change ClassChange) scalars() map[string]any {
	out := map[string]any{}
	put(out, "runtime", change.Runtime)
	put(out, "module_sha256", change.ModuleSHA256)
	put(out, "canary_percent", change.CanaryPercent)
	put(out, "isolation", change.Isolation)
	put(out, "containment", change.Containment)
	put(out, "command", change.Command)
	put(out, "enabled", change.Enabled)
	put(out, "concurrency_per_host", change.Concurrency)
	put(out, "priority", change.Priority)
	put(out, "requires_approval", change.RequiresApproval)
	put(out, "idempotency_retention", change.Retention)
	put(out, "owner", change.Owner)
	put(out, "exit_path", change.ExitPath)
	if change.CandidateSHA256 != nil && *change.CandidateSHA256 == "" {
		out["candidate_sha256"], out["canary_percent"] = nil, 0
	} else {
		put(out, "candidate_sha256", change.CandidateSHA256)
	}
	if change.ExpiresAfter != nil && *change.ExpiresAfter == 0 {
		out["expires_after"] = nil
	} else {
		put(out, "expires_after", change.ExpiresAfter)
	}
	return out
}

func put[T any](into map[string]any, column string, value *T) {
	if value != nil {
		into[column] = *value
	}
}
