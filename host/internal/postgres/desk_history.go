package postgres

import (
	"context"
	"encoding/json"
	"time"
)

// AttemptRecord is one ended grant of a job to a host.
type AttemptRecord struct {
	Fence        int             `json:"fence"`
	Attempt      int             `json:"attempt"`
	Word         string          `json:"word"`
	LeaseID      int64           `json:"lease_id"`
	Host         *string         `json:"host"`
	ModuleSHA256 *string         `json:"module_sha256" db:"module_sha256"`
	LeasedAt     time.Time       `json:"leased_at"`
	EndedAt      time.Time       `json:"ended_at"`
	Error        json.RawMessage `json:"error"`
	Usage        json.RawMessage `json:"usage"`    // abi.Usage
	Requests     json.RawMessage `json:"requests"` // HTTP: [{method, url, status, …}]
	LogTail      *string         `json:"log_tail"`
	SpanID       string          `json:"span_id"`
}

func (d *Desk) attempts(ctx context.Context, id int64) ([]AttemptRecord, error) {
	return list[AttemptRecord](ctx, d, `
		select a.fence, a.attempt, a.word, a.lease_id, l.host, a.module_sha256, a.leased_at, a.ended_at,
		       coalesce(a.error, 'null') as error, coalesce(a.usage, 'null') as usage, coalesce(a.requests, 'null') as requests, a.log_tail, a.span_id
		from lessee.job_attempt a
		left join lessee.dot_iu_runtime_lease l on l.lease_id = a.lease_id
		where a.job_id = $1 order by a.fence`, id)
}

// CommandRunRecord is one audited execution of a command.
type CommandRunRecord struct {
	RunID     int64           `json:"run_id"`
	Fence     int             `json:"fence"`
	Command   string          `json:"command"`
	Role      string          `json:"role"`
	Args      json.RawMessage `json:"args"`
	Succeeded bool            `json:"succeeded"`
	Result    json.RawMessage `json:"result"`
	Error     json.RawMessage `json:"error"`
	StartedAt time.Time       `json:"started_at"`
	EndedAt   time.Time       `json:"ended_at"`
}

func (d *Desk) commandRuns(ctx context.Context, id int64) ([]CommandRunRecord, error) {
	return list[CommandRunRecord](ctx, d, `
		select r.run_id, r.fence, r.command, r.role, r.args, r.succeeded,
		       coalesce(r.result, 'null') as result, coalesce(r.error, 'null') as error, r.started_at, r.ended_at
		from lessee.dot_iu_command_run r where r.job_id = $1 order by r.run_id`, id)
}

// FollowUpRecord is a job that another job's result asked for.
type FollowUpRecord struct {
	ID    int64  `json:"id"`
	Class string `json:"class"`
	State string `json:"state"`
}

// followUps asks only where there can be any, and in the days of the attempts:
// nothing indexes parents, so the question walks the payloads of those days.
func (d *Desk) followUps(ctx context.Context, of JobDetail) ([]FollowUpRecord, error) {
	if len(of.Attempts) == 0 {
		return []FollowUpRecord{}, nil
	}
	return list[FollowUpRecord](ctx, d, `
		select j.id, j.class, j.state
		from lessee.job_payload p join lessee.job j on j.id = p.job_id
		where p.parent_job_id = $1 and p.job_id > $1 and p.enqueued_at between $3 and $4
		  and exists (select from lessee.executor_class_registry c where c.class = $2 and jsonb_array_length(c.grants -> 'classes') > 0)
		order by j.id limit 100`, of.ID, of.Class, of.Attempts[0].LeasedAt, of.Attempts[len(of.Attempts)-1].EndedAt)
}
