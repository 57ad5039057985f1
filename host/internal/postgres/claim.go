package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/abi"
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
		if sort.Sort(job.InOrder(jobs)); b.fences == nil {
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

// batch is a row of fn_job_claim_batch: jobs of one moment, by columns, or the
// classes of which it was another's turn, or the payload of one job, a large one.
type batch struct {
	others                               []string
	leasedAt                             *time.Time
	registryVersion                      *int64
	ids                                  []int64
	places                               []int32 // of the class among those asked for, from 1
	fences, attempts, maxAttempts        []int32 // fences and attempts are null if all are 1
	enqueuedAt, runAt                    []time.Time
	keys, traceIDs, spanIDs, tracestates []string
	payloads                             [][]byte
	sampled                              []bool
	priorities                           []int16
}

func (b *batch) jobs(wants []job.Want) []job.Job {
	jobs := make([]job.Job, len(b.ids))
	for i, id := range b.ids {
		jobs[i] = job.Job{
			ID: id, Class: wants[b.places[i]-1].Class, Priority: int(b.priorities[i]), RunAt: b.runAt[i],
			Fence: orOne(b.fences, i), Attempt: orOne(b.attempts, i), MaxAttempts: int(b.maxAttempts[i]),
			LeasedAt: *b.leasedAt, EnqueuedAt: b.enqueuedAt[i], IdempotencyKey: b.keys[i], Payload: b.payloads[i],
			Trace: abi.TraceContext{TraceID: b.traceIDs[i], SpanID: b.spanIDs[i], Sampled: b.sampled[i]}, Tracestate: b.tracestates[i],
			RegistryVersion: *b.registryVersion,
		}
	}
	return jobs
}

// number says of each job, in the order of claim, where it is listed: a claim leaves
// a list of each class and priority, which fn_job_succeed reads in their order.
func number(jobs []job.Job) {
	type lane struct {
		class    string
		priority int
	}
	long := map[lane]int{}
	for i := range jobs {
		at := lane{jobs[i].Class, jobs[i].Priority}
		long[at]++
		jobs[i].Listed = job.Listing{Place: long[at], Of: len(jobs)}
	}
	if len(long) == 1 {
		return
	}
	before, sum := map[lane]int{}, 0
	for _, at := range slices.SortedFunc(maps.Keys(long), func(a, b lane) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.priority, b.priority))
	}) {
		before[at], sum = sum, sum+long[at]
	}
	for i := range jobs {
		jobs[i].Listed.Place += before[lane{jobs[i].Class, jobs[i].Priority}]
	}
}

func orOne(list []int32, i int) int {
	if list == nil {
		return 1
	}
	return int(list[i])
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
