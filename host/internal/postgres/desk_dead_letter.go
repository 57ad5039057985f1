package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// DeadLetterRecord is a job that failed for good, without payload and attempts.
type DeadLetterRecord struct {
	DeadLetterID   int64           `json:"dead_letter_id"`
	JobID          int64           `json:"job_id"`
	Class          string          `json:"class"`
	DeadAt         time.Time       `json:"dead_at"`
	EnqueuedAt     time.Time       `json:"enqueued_at"`
	Attempt        int             `json:"attempt"`
	MaxAttempts    int             `json:"max_attempts"`
	CrashCount     int             `json:"crash_count"`
	Error          json.RawMessage `json:"error"`
	IdempotencyKey *string         `json:"idempotency_key"`
	ReplayedAt     *time.Time      `json:"replayed_at"`
	ReplayedBy     *string         `json:"replayed_by"`
	ReplayReason   *string         `json:"replay_reason"`
}

const deadLetterColumns = `d.dead_letter_id, d.job_id, d.class, d.dead_at, d.enqueued_at, d.attempt, d.max_attempts, d.crash_count, d.error,
	d.idempotency_key, d.replayed_at, d.replayed_by, d.replay_reason`

// DeadLetterFilter narrows a list of dead letters. Zero values don't.
type DeadLetterFilter struct {
	Class  string
	Code   string // of the error
	Before int64  // dead_letter_ids below this one: the next page
	Limit  int
}

// DeadLetters lists those that are open (not replayed), the newest first.
func (d *Desk) DeadLetters(ctx context.Context, f DeadLetterFilter) ([]DeadLetterRecord, error) {
	return list[DeadLetterRecord](ctx, d, "select "+deadLetterColumns+` from lessee.job_dead_letter d
		where d.replayed_at is null and ($1 = '' or d.class = $1) and ($2 = '' or d.error ->> 'code' = $2) and ($3::bigint = 0 or d.dead_letter_id < $3::bigint)
		order by d.dead_letter_id desc limit $4`, f.Class, f.Code, f.Before, f.Limit)
}

// DeadLetterDetail is a dead letter, whole.
type DeadLetterDetail struct {
	DeadLetterRecord
	Payload     json.RawMessage `json:"payload"`
	Attempts    json.RawMessage `json:"attempts"`
	Traceparent string          `json:"traceparent"`
	Tracestate  *string         `json:"tracestate"`
	Correlation *string         `json:"correlation_id"`
}

// DeadLetter reads the latest dead letter of a job.
func (d *Desk) DeadLetter(ctx context.Context, jobID int64) (DeadLetterDetail, error) {
	missing := &Error{Kind: KindNotFound, Message: fmt.Sprintf("job %d has no dead letter", jobID), Hint: "lessee dlq list shows the open ones, by job."}
	return one[DeadLetterDetail](ctx, d, missing, "select "+deadLetterColumns+`, d.payload, d.attempts,
		format('00-%s-%s-%s', d.trace_id, d.parent_span_id, case when d.sampled then '01' else '00' end) as traceparent, d.tracestate, d.correlation_id as correlation
		from lessee.job_dead_letter d where d.job_id = $1 order by d.dead_letter_id desc limit 1`, jobID)
}
