package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// Commit reports outcomes and returns a verdict for each, in their order: those
// that succeeded and ask for nothing in one statement, the others in another
// transaction of their own. timeout bounds the statement in the server; 0 does
// not. An outcome that the server can't even read (JSON that Go takes and jsonb
// does not) fails the whole call with job.ErrUnreadable, a timeout outside a
// command, or of many outcomes at once, with job.ErrTimeout. Any other error
// says nothing about the outcomes.
func (s *Store) Commit(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	if timeout > 0 {
		return s.decide(ctx, lease, outcomes, timeout)
	}
	taken, err := s.succeed(ctx, lease, outcomes)
	if err != nil {
		return nil, err
	}
	verdicts := make([]job.Verdict, len(outcomes))
	var rest []job.Outcome
	var places []int
	for i := range outcomes {
		if o := &outcomes[i]; taken != nil && taken[i] {
			verdicts[i] = job.Verdict{JobID: o.JobID, Fence: o.Fence, Verdict: job.Accepted, State: job.Succeeded}
		} else {
			rest, places = append(rest, *o), append(places, i)
		}
	}
	if len(rest) == 0 {
		return verdicts, nil
	}
	others, err := s.decide(ctx, lease, rest, 0)
	for i, v := range others {
		verdicts[places[i]] = v
	}
	return verdicts, err
}

// succeed ends those that succeeded and ask for nothing, and returns, for each
// outcome, whether it ended it; nil: none of them.
func (s *Store) succeed(ctx context.Context, lease int64, outcomes []job.Outcome) (taken []bool, err error) {
	p := plainOf(outcomes)
	if len(p.jobs) == 0 {
		return nil, nil
	}
	var places []int32 // from 1, among those
	err = s.queryRow(ctx, "select coalesce(lessee.fn_job_succeed($1, $2, $3, $4, $5, $6, $7, null, $8, $9, $10, $11, $12), '{}')",
		[]any{lease, p.jobs, p.fences, p.attempts, p.spans, p.modules, p.outputs, p.requests, p.leased, p.meters.array(), p.lots, p.listed}, &places)
	if isData(err) {
		return nil, fmt.Errorf("%w: %w", job.ErrUnreadable, err)
	}
	taken = make([]bool, len(outcomes))
	for _, place := range places {
		taken[p.from[place-1]] = true
	}
	return taken, err
}

// plain are outcomes as the parameters of fn_job_succeed, in the order of jobs.
type plain struct {
	from              []int // place among all outcomes
	jobs              []int64
	fences, attempts  []int32
	spans             []string
	modules           pgtype.FlatArray[*string]
	outputs, requests pgtype.FlatArray[json.RawMessage]
	leased            []time.Time
	meters            meters
	lots              []time.Time // of which there are lists, the newest first: a list that is gone is one of the oldest
	listed            []int32     // place in the lists of lots one after another, from 1
}

func plainOf(outcomes []job.Outcome) plain {
	from := make([]int, 0, len(outcomes))
	for i := range outcomes {
		if outcomes[i].Plain() {
			from = append(from, i)
		}
	}
	slices.SortFunc(from, func(a, b int) int { return cmp.Compare(outcomes[a].JobID, outcomes[b].JobID) })
	n := len(from)
	p := plain{
		from, make([]int64, n), make([]int32, n), make([]int32, n), make([]string, n), make(pgtype.FlatArray[*string], n),
		make(pgtype.FlatArray[json.RawMessage], n), make(pgtype.FlatArray[json.RawMessage], n), make([]time.Time, n), newMeters(n), []time.Time{}, make([]int32, n),
	}
	for i, place := range from {
		o := &outcomes[place]
		p.jobs[i], p.fences[i], p.attempts[i], p.spans[i], p.leased[i] = o.JobID, int32(o.Fence), int32(o.Attempt), o.SpanID, o.LeasedAt
		p.modules[i], p.outputs[i], p.requests[i] = orNull(&o.ModuleDigest), jsonOrNull(o.Output), jsonOrNull(o.Requests)
		p.meters.set(i, o.Usage)
	}
	p.list(outcomes)
	return p
}

// list says where the grants are listed. Neighbours mostly came with one claim.
func (p *plain) list(outcomes []job.Outcome) {
	long := map[time.Time]int{}
	var last time.Time
	for _, place := range p.from {
		if o := &outcomes[place]; o.Listed.Of > 0 && o.LeasedAt != last {
			long[o.LeasedAt], last = o.Listed.Of, o.LeasedAt
		}
	}
	before, sum := map[time.Time]int{}, 0
	for _, lot := range slices.SortedFunc(maps.Keys(long), func(a, b time.Time) int { return b.Compare(a) }) {
		p.lots = append(p.lots, lot)
		before[lot], sum = sum, sum+long[lot]
	}
	last = time.Time{}
	start := 0
	for i, place := range p.from {
		o := &outcomes[place]
		if o.Listed.Of == 0 {
			continue
		}
		if o.LeasedAt != last {
			start, last = before[o.LeasedAt], o.LeasedAt
		}
		p.listed[i] = int32(start + o.Listed.Place)
	}
}

// meters are what attempts used, a row for each column of job_history from wall_us
// on, of a value for each attempt. Most attempts use nothing of the last ones.
type meters struct {
	values   []int64
	attempts int
	rows     int // that say anything
}

const (
	meterRows = 8
	unmetered = -1 // as wall_us
)

func newMeters(attempts int) meters {
	return meters{values: make([]int64, meterRows*attempts), attempts: attempts, rows: 1}
}

func (m *meters) set(attempt int, u *abi.Usage) {
	if u == nil {
		m.values[attempt] = unmetered
		return
	}
	for row, value := range [meterRows]int64{u.WallUS, u.Fuel, u.OutputBytes, u.MemoryBytes, u.HostCalls, u.LogBytes, u.HTTPCalls, u.HTTPBytes} {
		if value != 0 {
			m.values[row*m.attempts+attempt] = value
			m.rows = max(m.rows, row+1)
		}
	}
}

func (m *meters) array() pgtype.Array[int64] {
	return pgtype.Array[int64]{
		Elements: m.values[:m.rows*m.attempts], Valid: true,
		Dims: []pgtype.ArrayDimension{{Length: int32(m.rows), LowerBound: 1}, {Length: int32(m.attempts), LowerBound: 1}},
	}
}

func orNull(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

func jsonOrNull(data json.RawMessage) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	return data
}

// decide lets fn_job_commit look at each outcome.
func (s *Store) decide(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	for i := range outcomes {
		outcomes[i] = outcomes[i].Printable()
	}
	began := time.Now()
	batch := &pgx.Batch{}
	if timeout > 0 {
		batch.Queue("begin")
		batch.Queue("set constraints all immediate") // a command's deferred constraint fails its job, not the whole at commit
		batch.Queue("select set_config('statement_timeout', $1, true)", strconv.FormatInt(timeout.Milliseconds(), 10))
	}
	var verdicts []job.Verdict
	batch.Queue("select job_id, fence, verdict, coalesce(state, ''), coalesce(code, ''), coalesce(message, '') from lessee.fn_job_commit($1, $2)",
		lease, jsonOf(outcomes)).Query(func(rows pgx.Rows) error {
		var err error
		verdicts, err = pgx.CollectRows(rows, scanVerdict)
		return err
	})
	if timeout > 0 {
		batch.Queue("commit")
	}
	switch err := s.pool.SendBatch(ctx, batch).Close(); {
	case isData(err):
		return nil, fmt.Errorf("%w: %w", job.ErrUnreadable, translate(err))
	case isCancelled(err) && (len(outcomes) > 1 || timeout > 0 && time.Since(began) >= timeout):
		return nil, fmt.Errorf("%w: %w", job.ErrTimeout, translate(err))
	default:
		return verdicts, translate(err)
	}
}

func scanVerdict(row pgx.CollectableRow) (v job.Verdict, err error) {
	err = row.Scan(&v.JobID, &v.Fence, &v.Verdict, &v.State, &v.Code, &v.Message)
	return v, err
}
