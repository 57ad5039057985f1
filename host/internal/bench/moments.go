package bench

import (
	"slices"
	"sync"
	"time"
)

// moments collects when things happened to jobs, told in any order.
type moments struct {
	mu                  sync.Mutex
	enqueued, committed map[int64]time.Time
	warm                map[int64]bool // jobs of the first second, which do not count
	finished            chan struct{}
	jobs                int
}

func newMoments(jobs int) *moments {
	return &moments{enqueued: map[int64]time.Time{}, committed: map[int64]time.Time{}, warm: map[int64]bool{}, finished: make(chan struct{}), jobs: jobs}
}

func (m *moments) enqueue(id int64, at time.Time) { m.note(m.enqueued, id, at) }
func (m *moments) ignore(id int64)                { m.mu.Lock(); m.warm[id] = true; m.mu.Unlock() }
func (m *moments) commit(id int64, at time.Time)  { m.note(m.committed, id, at) }

func (m *moments) note(into map[int64]time.Time, id int64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := into[id]; twice {
		return
	}
	into[id] = at
	if len(m.committed) == m.jobs && len(m.enqueued) == m.jobs {
		close(m.finished)
	}
}

// latencies in milliseconds, sorted.
func (m *moments) latencies() []float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []float64
	for id, at := range m.enqueued {
		if m.warm[id] {
			continue
		}
		out = append(out, float64(m.committed[id].Sub(at).Microseconds())/1000)
	}
	slices.Sort(out)
	return out
}
