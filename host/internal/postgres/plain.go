package postgres

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

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
