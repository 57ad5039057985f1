package worker

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
)

// When a host asks where the live part of the queue begins.
const (
	surveyEvery = 250 * time.Millisecond // if any job was claimed since the last time
	surveyIdle  = 30 * time.Second       // if none was, but the claim was slow
	slowClaim   = 5 * time.Millisecond
)

// recallEvery is how often a host looks for ready jobs that got behind its
// fronts, which only a clock that was set back or an UPDATE by hand can cause.
const recallEvery = time.Minute

// fronts remembers where the live part of the queue begins.
type fronts struct {
	mu      sync.Mutex
	known   job.Fronts
	claimed bool      // any job since the last survey
	slow    bool      // a claim since then was
	at      time.Time // of the last survey
}

func (f *fronts) ranges(wants []job.Want) []job.Front {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known.Ranges(wants)
}

func (f *fronts) list() ([]job.Front, time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known.List(), f.known.Horizon()
}

// note takes note of what a claim brought, and whether there may be more, and
// tells whether a survey is due.
func (f *fronts) note(jobs []job.Job, more bool, took time.Duration) (due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.Note(jobs, more)
	f.claimed = f.claimed || len(jobs) > 0
	f.slow = f.slow || took > slowClaim
	rested := time.Since(f.at)
	return f.claimed && rested >= surveyEvery || f.slow && rested >= surveyIdle
}

func (f *fronts) learn(s job.Survey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.Learn(s)
	f.claimed, f.slow, f.at = false, false, time.Now()
}

// survey moves the fronts forward. A failure costs time in claims, nothing else.
func (s *session) survey(ctx context.Context) {
	known, horizon := s.fronts.list()
	if len(known) == 0 {
		return
	}
	found, err := s.store.Survey(ctx, known, horizon)
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
	known, _ := s.fronts.list()
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
