package postgres

import (
	"context"
	"encoding/json"
	"time"
)

// NewJob is what fn_job_enqueue takes. Zero values are its defaults.
type NewJob struct {
	Class         string
	Payload       json.RawMessage
	Key           string
	RunAt         time.Time
	Priority      *int
	Traceparent   string
	Tracestate    string
	CorrelationID string
}

// Enqueue accepts a job, or finds the earlier one with its key.
func (d *Desk) Enqueue(ctx context.Context, j NewJob) (id int64, err error) {
	var runAt *time.Time
	if !j.RunAt.IsZero() {
		runAt = &j.RunAt
	}
	err = d.queryRow(ctx, "select lessee.fn_job_enqueue($1, $2, $3, $4, $5, $6, $7, $8)",
		[]any{j.Class, j.Payload, optional(j.Key), runAt, j.Priority, optional(j.Traceparent), optional(j.Tracestate), optional(j.CorrelationID)}, &id)
	return id, err
}

// Cancel says the word cancel and returns what became of it: cancelled,
// requested (its host will stop it), or the final state the job already has.
func (d *Desk) Cancel(ctx context.Context, id int64, reason string) (outcome string, err error) {
	err = d.queryRow(ctx, "select lessee.fn_job_cancel($1, $2)", []any{id, reason}, &outcome)
	return outcome, err
}

// Approve says the word approve. False: the job was not proposed.
func (d *Desk) Approve(ctx context.Context, id int64) (bool, error) {
	return d.word(ctx, "select lessee.fn_job_approve($1)", id)
}

// Reject says the word reject. False: the job was not proposed.
func (d *Desk) Reject(ctx context.Context, id int64, reason string) (bool, error) {
	return d.word(ctx, "select lessee.fn_job_reject($1, $2)", id, reason)
}

// Resume says the word resume. False: the job was not waiting.
func (d *Desk) Resume(ctx context.Context, id int64) (bool, error) {
	return d.word(ctx, "select lessee.fn_job_resume($1)", id)
}

// Hasten makes a scheduled or retrying job due now. False: it is neither.
func (d *Desk) Hasten(ctx context.Context, id int64) (bool, error) {
	return d.word(ctx, "select lessee.fn_job_hasten($1)", id)
}

// Replay says the word replay. False: the job is not dead-lettered.
func (d *Desk) Replay(ctx context.Context, id int64, reason string) (bool, error) {
	return d.word(ctx, "select lessee.fn_job_replay($1, $2)", id, reason)
}

// State is the job's state.
func (d *Desk) State(ctx context.Context, id int64) (state string, err error) {
	err = d.queryRow(ctx, "select lessee.fn_job_state($1)", []any{id}, &state)
	return state, err
}

func (d *Desk) word(ctx context.Context, sql string, args ...any) (changed bool, err error) {
	err = d.queryRow(ctx, sql, args, &changed)
	return changed, err
}

// optional turns the empty string into NULL.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
