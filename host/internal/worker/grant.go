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
	lot     *lot                    // that it came with
	place   int                     // in the holdings; settled: in none
	started time.Time               // zero: not yet
	log     *attemptLog             // of its attempt; nil before it starts
	stop    context.CancelCauseFunc // of its attempt; nil before it starts
}

const nowhere = -1

// lot is what one claim brought.
type lot struct {
	at    time.Time // by the database's clock, which names it
	since time.Time // by the host's
	left  int       // how many of its grants are held
}

// settled reports whether nothing more is to be told of g: it is committed,
// stale or given back.
func (g *grant) settled() bool { return g.place == nowhere }

// holdings are the grants that are not settled, in no order.
type holdings struct {
	grants []*grant
	over   []time.Time // when lots were claimed of which none is held, until the database is told
}

func (h *holdings) add(g *grant) {
	g.lot.left++
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
	if g.lot.left--; g.lot.left == 0 {
		h.over = append(h.over, g.lot.at)
	}
}

// abandon forgets a grant that the database still has to settle; to it, the
// lot is not over.
func (h *holdings) abandon(g *grant) {
	g.lot.left++
	h.remove(g)
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
	if len(jobs) == 0 {
		return nil
	}
	granted, by := make([]*grant, len(jobs)), &lot{at: jobs[0].LeasedAt, since: time.Now()}
	for i := range jobs {
		granted[i] = &grant{job: jobs[i], lot: by} // each by itself, so that a long attempt keeps no more than its own
	}
	s.mu.Lock()
	for _, g := range granted {
		s.held.add(g)
	}
	n := len(s.held.grants)
	s.mu.Unlock()
	s.worked.Store(true)
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

// over takes what the database is to be told of lots that are over.
func (s *session) over() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	over := s.held.over
	s.held.over = nil
	return over
}

// untold puts it back, should it not have been told.
func (s *session) untold(over []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.over = append(s.held.over, over...)
}

// busy reports whether anything is held.
func (s *session) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held.grants) > 0
}
