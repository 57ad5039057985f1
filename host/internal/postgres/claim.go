package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Claim grants the lease up to limit ready jobs, in one round trip.
func (s *Store) Claim(ctx context.Context, lease int64, wants []job.Want, limit int) ([]job.Job, error) {
	claimed, err := s.ClaimFrom(ctx, lease, job.Ask{Wants: wants, Limit: limit})
	return claimed.Jobs, err
}

const claimSQL = `select job_id, class, fence, attempt, max_attempts, leased_at, enqueued_at, coalesce(idempotency_key, ''),
	payload, trace_id, parent_span_id, sampled, coalesce(tracestate, ''), registry_version, priority, run_at
	from lessee.fn_job_claim($1, $2, $3, $4, $5, $6, $7, $8)`

// ClaimFrom is Claim by a host that remembers what it has seen and was granted.
func (s *Store) ClaimFrom(ctx context.Context, lease int64, ask job.Ask) (job.Claimed, error) {
	rows, err := s.pool.Query(ctx, claimSQL, claimArgs(lease, ask)...)
	if err != nil {
		return job.Claimed{}, translate(err)
	}
	jobs, err := scanJobs(rows)
	return claimedOf(jobs), translate(err)
}

func claimArgs(lease int64, ask job.Ask) []any {
	classes, slots := make([]string, len(ask.Wants)), make([]int32, len(ask.Wants))
	turns, lists := []string{}, []string{}
	for i, w := range ask.Wants {
		classes[i], slots[i] = w.Class, int32(w.Slots)
		if w.Turn {
			turns = append(turns, w.Class)
		}
		if w.List {
			lists = append(lists, w.Class)
		}
	}
	var from any
	if len(ask.Fronts) > 0 {
		from = jsonOf(ask.Fronts)
	}
	over := ask.Over
	if over == nil {
		over = []time.Time{} // null is no array
	}
	return []any{lease, classes, slots, ask.Limit, from, turns, lists, over}
}

// scanJobs reads all rows into the place of one: a host's claims are a good part
// of what it allocates. It returns all or, with an error, none: of a claim that
// broke off nothing may be granted.
func scanJobs(rows pgx.Rows) ([]job.Job, error) {
	var j job.Job
	var jobs []job.Job
	_, err := pgx.ForEachRow(rows, []any{
		&j.ID, &j.Class, &j.Fence, &j.Attempt, &j.MaxAttempts, &j.LeasedAt, &j.EnqueuedAt, &j.IdempotencyKey,
		(*[]byte)(&j.Payload), &j.Trace.TraceID, &j.Trace.SpanID, &j.Trace.Sampled, &j.Tracestate, &j.RegistryVersion, &j.Priority, &j.RunAt,
	}, func() error {
		jobs = append(jobs, j)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// claimedOf takes apart what fn_job_claim returns: the classes of which it was
// another's turn come first, as jobs without an id.
func claimedOf(jobs []job.Job) (claimed job.Claimed) {
	for len(jobs) > 0 && jobs[0].ID == 0 {
		claimed.Others, jobs = append(claimed.Others, jobs[0].Class), jobs[1:]
	}
	claimed.Jobs = jobs
	return claimed
}

// Look is all that a host asks for when nobody tells it of anything, in one
// transaction and one round trip: it makes jobs ready whose time has come, reads
// the registry's version, and claims as ClaimFrom does.
func (s *Store) Look(ctx context.Context, lease int64, ask job.Ask) (look job.Look, err error) {
	var nextMS *int64
	batch := &pgx.Batch{}
	batch.Queue("select d.next_ms, v.version from lessee.fn_job_due($1) d cross join lessee.fn_registry_version() as v(version)", sweepBatch).
		QueryRow(func(row pgx.Row) error { return row.Scan(&nextMS, &look.Version) })
	batch.Queue(claimSQL, claimArgs(lease, ask)...).Query(func(rows pgx.Rows) error {
		jobs, err := scanJobs(rows)
		look.Claimed = claimedOf(jobs)
		return err
	})
	err = translate(s.pool.SendBatch(ctx, batch).Close())
	look.Next = untilDue(nextMS)
	return look, err
}

// Survey moves fronts forward, to where no ready job can be before them:
// horizon is a moment whose transactions are all over.
func (s *Store) Survey(ctx context.Context, fronts []job.Front, horizon time.Time) (job.Survey, error) {
	var data []byte
	var at *time.Time
	var xid *int64
	var out job.Survey
	err := s.queryRow(ctx, "select fronts, at, xid, oldest from lessee.fn_queue_front($1, $2)", []any{jsonOf(fronts), horizon}, &data, &at, &xid, &out.Oldest)
	if err != nil {
		return job.Survey{}, err
	}
	if at != nil && xid != nil {
		out.At, out.XID = *at, *xid
	}
	return out, json.Unmarshal(data, &out.Fronts)
}

// Recall sends ready jobs that got behind the fronts to the back of the queue.
func (s *Store) Recall(ctx context.Context, fronts []job.Front) (n int, err error) {
	err = s.queryRow(ctx, "select lessee.fn_queue_recall($1)", []any{jsonOf(fronts)}, &n)
	return n, err
}
