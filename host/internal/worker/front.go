package worker

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
)

// When a host asks where the live part of the queue begins.
const (
	surveyJobs  = 256                    // after so many jobs were claimed
	surveyEvery = 100 * time.Millisecond // or after this, if any were, or a claim was slow
	slowClaim   = 5 * time.Millisecond
)

// recallEvery is how often a host looks for ready jobs that got behind its
// fronts, which only a clock that was set back or an UPDATE by hand can cause.
const recallEvery = time.Minute

// lane is one priority of one class.
type lane struct {
	class    string
	priority int
}

// fronts remembers where the live part of each lane begins, so that claims do
// not walk its dead entries again; fn_queue_front.sql argues why it is safe.
type fronts struct {
	mu      sync.Mutex
	lanes   map[lane]job.Front
	horizon time.Time  // a moment whose transactions are all over
	sample  job.Survey // of which it is to be found out next
	claimed int        // since the last survey
	slow    bool       // a claim since then was
	at      time.Time  // of the last survey
}

// ranges are what a claim looks at, of the classes with a lane: each lane from
// its front on, and the priorities between them.
func (f *fronts) ranges() []job.Front {
	out := f.list()
	slices.SortFunc(out, func(a, b job.Front) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Priority, b.Priority))
	})
	for i := range out {
		out[i].Until = job.PriorityEnd
		if i+1 < len(out) && out[i+1].Class == out[i].Class {
			out[i].Until = out[i+1].Priority
		}
	}
	for i, first := range out {
		if i == 0 || out[i-1].Class != first.Class {
			out = append(out, job.Front{Class: first.Class, Priority: job.PriorityNone, RunAt: job.FrontStart, Until: first.Priority})
		}
	}
	return out
}

func (f *fronts) list() []job.Front {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []job.Front
	for _, front := range f.lanes {
		out = append(out, front)
	}
	return out
}

// note takes note of what a claim brought, and whether it is time for a survey.
func (f *fronts) note(jobs []job.Job, took time.Duration) (due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, j := range jobs {
		l := lane{j.Class, j.Priority}
		if _, known := f.lanes[l]; !known {
			f.lanes[l] = job.Front{Class: j.Class, Priority: j.Priority, RunAt: job.FrontStart}
		}
	}
	f.claimed += len(jobs)
	f.slow = f.slow || took > slowClaim
	if len(f.lanes) == 0 {
		return false
	}
	return f.claimed >= surveyJobs || (f.claimed > 0 || f.slow) && time.Since(f.at) >= surveyEvery
}

// learn takes the answer of a survey.
func (f *fronts) learn(s job.Survey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, front := range s.Fronts {
		f.lanes[lane{front.Class, front.Priority}] = front
	}
	if f.sample.XID != 0 && s.Oldest >= f.sample.XID {
		f.horizon, f.sample = f.sample.At, job.Survey{}
	}
	if f.sample.XID == 0 {
		f.sample = s
	}
	f.claimed, f.slow, f.at = 0, false, time.Now()
}

// survey moves the fronts forward. A failure costs time in claims, nothing else.
func (s *session) survey(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, max(s.trusted(), time.Millisecond))
	defer cancel()
	found, err := s.store.Survey(ctx, s.fronts.list(), s.fronts.horizon)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("look for the front of the queue", zap.Error(err))
		}
		return
	}
	s.fronts.learn(found)
}

// recall finds what got behind the fronts.
func (s *session) recall(ctx context.Context) {
	known := s.fronts.list()
	if len(known) == 0 {
		return
	}
	n, err := s.store.Recall(ctx, known)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("look for jobs behind the front of the queue", zap.Error(err))
	}
	if n > 0 {
		s.log.Warn("ready jobs were behind the front of the queue: was a clock set back?", zap.Int("jobs", n))
		s.Wake()
	}
}
