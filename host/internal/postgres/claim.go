package postgres

import (
	"context"
	"encoding/json"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Claim grants the lease up to limit ready jobs, in one round trip.
func (s *Store) Claim(ctx context.Context, lease int64, wants []job.Want, limit int) ([]job.Job, error) {
	claimed, err := s.ClaimFrom(ctx, lease, job.Ask{Wants: wants, Limit: limit})
	return claimed.Jobs, err
}

const claimSQL = `select others, leased_at, registry_version, job_ids, places, fences, attempts, max_attempts, enqueued_at, idempotency_keys,
	payloads, trace_ids, parent_span_ids, sampled, tracestates, priorities, run_at
	from lessee.fn_job_claim_batch($1, $2, $3, $4, $5, $6, $7, $8)`

// ClaimFrom is Claim by a host that remembers what it has seen and was granted.
func (s *Store) ClaimFrom(ctx context.Context, lease int64, ask job.Ask) (job.Claimed, error) {
	rows, err := s.pool.Query(ctx, claimSQL, claimArgs(lease, ask)...)
	if err != nil {
		return job.Claimed{}, translate(err)
	}
	claimed, err := scanClaimed(rows, ask.Wants)
	return claimed, translate(err)
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

// scanClaimed reads the batches of a claim. It returns all or, with an error,
// none: of a claim that broke off nothing may be granted.
func scanClaimed(rows pgx.Rows, wants []job.Want) (claimed job.Claimed, err error) {
	var b batch
	batches, large := 0, map[int64][]byte{}
	_, err = pgx.ForEachRow(rows, []any{
		&b.others, &b.leasedAt, &b.registryVersion, &b.ids, &b.places, &b.fences, &b.attempts, &b.maxAttempts, &b.enqueuedAt, &b.keys,
		&b.payloads, &b.traceIDs, &b.spanIDs, &b.sampled, &b.tracestates, &b.priorities, &b.runAt,
	}, func() error {
		claimed.Others = append(claimed.Others, b.others...)
		if b.places == nil && len(b.payloads) > 0 {
			large[b.ids[0]] = b.payloads[0]
			return nil
		}
		jobs := b.jobs(wants)
		sort.Sort(job.InOrder(jobs))
		if b.fences == nil {
			number(jobs)
		}
		claimed.Jobs = append(claimed.Jobs, jobs...)
		batches++
		return nil
	})
	if err != nil {
		return job.Claimed{}, err
	}
	for i := range claimed.Jobs {
		if j := &claimed.Jobs[i]; j.Payload == nil {
			j.Payload = large[j.ID]
		}
	}
	if batches > 1 {
		sort.Sort(job.InOrder(claimed.Jobs))
	}
	return claimed, nil
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
		look.Claimed, err = scanClaimed(rows, ask.Wants)
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
