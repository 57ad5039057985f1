package worker

import (
	"context"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// grant is a job that a session holds, from the claim until it is settled. The
// same job can be granted again before: while the host still runs, or still
// reports, an earlier grant of it.
type grant struct {
	job     job.Job
	place   int                     // in the holdings; settled: in none
	started time.Time               // zero: not yet
	log     *attemptLog             // of its attempt; nil before it starts
	stop    context.CancelCauseFunc // of its attempt; nil before it starts
}

const nowhere = -1

// settled reports whether nothing more is to be told of g: it is committed,
// stale or given back.
func (g *grant) settled() bool { return g.place == nowhere }

// holdings are the grants that are not settled, in no order.
type holdings struct{ grants []*grant }

func (h *holdings) add(g *grant) {
	g.place = len(h.grants)
	h.grants = append(h.grants, g)
}

func (h *holdings) remove(g *grant) {
	if g.settled() {
		return
	}
	end := len(h.grants) - 1
	last := h.grants[end]
	h.grants[g.place], last.place = last, g.place
	h.grants[end], g.place = nil, nowhere
	h.grants = h.grants[:end]
}

// find looks at all of them, which heartbeats alone ask for.
func (h *holdings) find(job int64, fence int) *grant {
	for _, g := range h.grants {
		if g.job.ID == job && g.job.Fence == fence {
			return g
		}
	}
	return nil
}

// hold takes note of grants. It is said before anything else is done with them,
// because the database gives back what a host does not tell of.
func (s *session) hold(jobs []job.Job) []*grant {
	granted := make([]*grant, len(jobs))
	for i := range jobs {
		granted[i] = &grant{job: jobs[i]} // each by itself, so that a long attempt keeps no more than its own
	}
	s.mu.Lock()
	for _, g := range granted {
		s.held.add(g)
	}
	n := len(s.held.grants)
	s.mu.Unlock()
	if len(jobs) > 0 {
		s.worked.Store(true)
	}
	s.note(func(st *Status) { st.Uncommitted = n })
	return granted
}

// settle forgets grants.
func (s *session) settle(grants ...*grant) {
	s.mu.Lock()
	for _, g := range grants {
		s.held.remove(g)
	}
	n := len(s.held.grants)
	s.mu.Unlock()
	s.note(func(st *Status) { st.Uncommitted = n })
}

// busy reports whether anything is held.
func (s *session) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held.grants) > 0
}
