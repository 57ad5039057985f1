package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// JobRecord is a row of the view lessee.job, without its output.
type JobRecord struct {
	ID                int64           `json:"id"`
	Class             string          `json:"class"`
	State             string          `json:"state"`
	Priority          int             `json:"priority"`
	RunAt             *time.Time      `json:"run_at"`
	Attempt           int             `json:"attempt"`
	MaxAttempts       int             `json:"max_attempts"`
	CrashCount        int             `json:"crash_count"`
	LeaseID           *int64          `json:"lease_id"`
	LeasedAt          *time.Time      `json:"leased_at"`
	StartedAt         *time.Time      `json:"started_at"`
	CancelRequestedAt *time.Time      `json:"cancel_requested_at"`
	ExpiresAt         *time.Time      `json:"expires_at"`
	EnqueuedAt        time.Time       `json:"enqueued_at"`
	FinishedAt        *time.Time      `json:"finished_at"`
	Error             json.RawMessage `json:"error"`
	Reason            *string         `json:"reason"`
	IdempotencyKey    *string         `json:"idempotency_key"`
}

const jobColumns = `j.id, j.class, j.state, j.priority, j.run_at, j.attempt, j.max_attempts, j.crash_count, j.lease_id, j.leased_at, j.started_at,
	j.cancel_requested_at, j.expires_at, j.enqueued_at, j.finished_at, coalesce(j.error, 'null') as error, j.reason, j.idempotency_key`

// JobFilter narrows a list of jobs. Zero values don't.
type JobFilter struct {
	Class, State string
	Before       int64 // ids below this one: the next page
	Limit        int
}

// The parts of the view lessee.job, as the view shows them. A list takes a few
// jobs from the end of each: the view as a whole can't be read in the order of
// ids without reading all of it.
const (
	liveJobs = `select id, class, state, priority, run_at, attempt, max_attempts, crash_count, lease_id, leased_at, started_at, cancel_requested_at, expires_at,
		enqueued_at, null::timestamptz as finished_at, null::jsonb as error, null::text as reason, idempotency_key from lessee.job_live`
	endedJobs = `select job_id as id, class, state, priority, null::timestamptz as run_at, attempt, max_attempts, crash_count, null::bigint as lease_id, null::timestamptz as leased_at,
		null::timestamptz as started_at, null::timestamptz as cancel_requested_at, null::timestamptz as expires_at,
		enqueued_at, finished_at, null::jsonb as error, reason, idempotency_key from lessee.job_final`
	deadJobs = `select job_id as id, class, 'dead_lettered' as state, priority, null::timestamptz as run_at, attempt, max_attempts, crash_count, null::bigint as lease_id, null::timestamptz as leased_at,
		null::timestamptz as started_at, null::timestamptz as cancel_requested_at, null::timestamptz as expires_at,
		enqueued_at, dead_at as finished_at, error, error ->> 'message' as reason, idempotency_key from lessee.job_dead_letter where replayed_at is null`
)

// sources are the parts that can have jobs of the state.
func (f JobFilter) sources() []string {
	switch state := job.State(f.State); {
	case state == "":
		return []string{liveJobs, endedJobs, deadJobs}
	case state == job.DeadLettered:
		return []string{deadJobs}
	case state.Final():
		return []string{endedJobs}
	}
	return []string{liveJobs}
}

// Jobs lists jobs, the newest first.
func (d *Desk) Jobs(ctx context.Context, f JobFilter) ([]JobRecord, error) {
	args, condition := []any{f.Limit}, "true"
	narrow := func(by string, value any) {
		args = append(args, value)
		condition += fmt.Sprintf(" and j."+by, len(args))
	}
	if f.Class != "" {
		narrow("class = $%d", f.Class)
	}
	if f.State != "" {
		narrow("state = $%d", f.State)
	}
	if f.Before > 0 {
		narrow("id < $%d", f.Before)
	}
	var parts []string
	for _, source := range f.sources() {
		parts = append(parts, fmt.Sprintf("(select * from (%s) j where %s order by j.id desc limit $1)", source, condition))
	}
	return list[JobRecord](ctx, d, "select "+jobColumns+" from ("+strings.Join(parts, " union all ")+") j order by j.id desc limit $1", args...)
}

// JobDetail is all that is known of one job.
type JobDetail struct {
	JobRecord
	Host        *string            `json:"host"`     // that holds it
	Progress    *job.Progress      `json:"progress"` // of the attempt under way, as of the last heartbeat
	Output      json.RawMessage    `json:"output"`
	Payload     json.RawMessage    `json:"payload"`
	EnqueuedBy  *string            `json:"enqueued_by"`
	ParentJobID *int64             `json:"parent_job_id"`
	Traceparent *string            `json:"traceparent"` // of the enqueuer
	Tracestate  *string            `json:"tracestate"`
	Correlation *string            `json:"correlation_id"`
	Attempts    []AttemptRecord    `json:"attempts" db:"-"`
	CommandRuns []CommandRunRecord `json:"command_runs" db:"-"`
	FollowUps   []FollowUpRecord   `json:"follow_ups" db:"-"`
}

// Job reads one job with its history.
func (d *Desk) Job(ctx context.Context, id int64) (JobDetail, error) {
	detail, err := one[JobDetail](ctx, d, jobMissing(id), "select "+jobColumns+`,
		l.host, (select e -> 'progress' from lessee.queue_heartbeat h, jsonb_array_elements(h.progress) e
		         where h.lease_id = j.lease_id and (e -> 'job_id')::bigint = j.id and (e -> 'fence')::integer = j.fence) as progress,
		coalesce(j.output, 'null') as output, coalesce(p.payload, 'null') as payload, p.enqueued_by, p.parent_job_id,
		format('00-%s-%s-%s', p.trace_id, p.parent_span_id, case when p.sampled then '01' else '00' end) as traceparent,
		p.tracestate, p.correlation_id as correlation
		from lessee.job j
		left join lessee.job_payload p on p.job_id = j.id
		left join lessee.dot_iu_runtime_lease l on l.lease_id = j.lease_id
		where j.id = $1`, id)
	if err != nil {
		return detail, err
	}
	if detail.Attempts, err = d.attempts(ctx, id); err != nil {
		return detail, err
	}
	if detail.CommandRuns, err = d.commandRuns(ctx, id); err != nil {
		return detail, err
	}
	detail.FollowUps, err = d.followUps(ctx, detail)
	return detail, err
}

// JobOutput reads the committed output of a job; nil when it has none.
func (d *Desk) JobOutput(ctx context.Context, id int64) (state string, output json.RawMessage, err error) {
	row, err := one[struct {
		State  string
		Output json.RawMessage
	}](ctx, d, jobMissing(id), "select j.state, j.output from lessee.job j where j.id = $1", id)
	return row.State, row.Output, err
}

func jobMissing(id int64) *Error {
	return &Error{Kind: KindNotFound, Message: fmt.Sprintf("job %d is not known", id), Hint: "lessee job list shows jobs; old ones leave with retention."}
}
