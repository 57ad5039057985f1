package worker

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
)

// When a host asks where the live part of the queue begins, after the last time.
// While a snapshot is held, a claim walks what has ended since.
const (
	surveyShort = 100 * time.Millisecond // if any job was claimed since, or
	surveyLong  = 500 * time.Millisecond // of a long line, whose claims go on where others ended until then; or
	surveyIdle  = 30 * time.Second       // if none was, but the claim was slow
	slowClaim   = 5 * time.Millisecond
	sampleRest  = 10 * time.Millisecond // in which most transactions end
)

// When a host looks for ready jobs that got behind its fronts, which only a clock
// that was set back or an UPDATE by hand can cause. While a snapshot is held,
// the look walks all that died since, and would keep a CPU busy.
const (
	recallEvery = time.Minute
	recallRest  = 1000 // times what the last look took, at least
)

// fronts remembers where the live part of the queue begins.
type fronts struct {
	mu      sync.Mutex
	known   job.Fronts
	claimed bool          // any job since the last survey
	long    bool          // the last claim goes on where it ended, in some class
	slow    bool          // a claim since the last survey was
	granted int           // claims since then,
	refused int           // and those besides that found it was another host's turn everywhere
	at      time.Time     // of the last survey
	changed chan struct{} // interval is another
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

// note takes note of what a claim brought, of which classes the next one begins at
// the fronts again, and whether it goes on of any: for a few jobs it is no trouble
// to step over what is held, and what committed late is seen at once.
func (f *fronts) note(jobs []job.Job, short []string, more bool, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.Note(jobs, short...)
	before := f.interval()
	f.granted++
	f.long, f.claimed, f.slow = more, f.claimed || len(jobs) > 0, f.slow || took > slowClaim
	if f.interval() != before {
		signal(f.changed)
	}
}

// refuse takes note of a claim that was refused.
func (f *fronts) refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused++
}

// interval is that of surveys beside the claims; 0: there is no reason for one.
func (f *fronts) interval() time.Duration {
	switch {
	case f.claimed && f.long: // the claim loop's own
		return 0
	case f.claimed:
		return surveyShort
	case f.slow && f.known.Any():
		return surveyIdle
	}
	return 0
}

// next is the time until the next survey beside the claims; false: nothing asks for one.
func (f *fronts) next() (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	interval := f.interval()
	return time.Until(f.at.Add(interval)), interval > 0
}

// dueLong tells whether it is time for a survey of a long line. What one host finds
// late, all do, whose claims go on from there; so the more often it is another's
// turn, the rarer are the surveys of this host.
func (f *fronts) dueLong() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.claimed && f.long && time.Since(f.at) >= surveyLong*time.Duration(f.granted+f.refused)/time.Duration(f.granted)
}

// begin returns how many samples the survey takes first.
func (f *fronts) begin() (samples int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.claimed && !f.long && f.known.Held() {
		samples = 2
	}
	f.claimed, f.slow, f.granted, f.refused, f.at = false, false, 0, 0, time.Now()
	return samples
}

func (f *fronts) sample(s job.Survey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.Sample(s)
}

func (f *fronts) learn(s job.Survey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.Learn(s)
}

// surveyLoop moves the fronts forward, beside the claims of short lines, which don't
// wait for it. Those of a long line do (claimLoop): it is rare, and they have work in hand.
func (s *session) surveyLoop(ctx context.Context) {
	for ctx.Err() == nil {
		var over <-chan time.Time
		if next, wanted := s.fronts.next(); wanted {
			over = time.After(next)
		}
		select {
		case <-over:
			s.survey(ctx)
		case <-s.fronts.changed:
		case <-ctx.Done():
		}
	}
}

// survey moves the fronts forward, as far as the moment of a sample that it takes
// shortly before: a second one tells whether the transactions of that moment are
// over. A failure costs time in claims, nothing else.
func (s *session) survey(ctx context.Context) {
	if err := s.moveFronts(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("look for the front of the queue", zap.Error(err))
	}
}

func (s *session) moveFronts(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(s.trusted(), time.Millisecond))
	defer cancel()
	for n := range s.fronts.begin() {
		if n > 0 {
			sleep(ctx, sampleRest)
		}
		sample, err := s.store.Survey(ctx, []job.Front{}, time.Time{})
		if err != nil {
			return err
		}
		s.fronts.sample(sample)
	}
	known, horizon := s.fronts.list()
	found, err := s.store.Survey(ctx, known, horizon)
	if err == nil {
		s.fronts.learn(found)
	}
	return err
}

// recall finds what got behind the fronts, and says when to look again.
func (s *session) recall(ctx context.Context) (next time.Duration) {
	known, _ := s.fronts.list()
	if len(known) == 0 {
		return recallEvery
	}
	began := time.Now()
	n, err := s.store.Recall(ctx, known)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("look for jobs behind the front of the queue", zap.Error(err))
	}
	if n > 0 {
		s.log.Warn("ready jobs were behind the front of the queue: was a clock set back?", zap.Int("jobs", n))
		s.Wake()
	}
	return max(recallEvery, recallRest*time.Since(began))
}
