package worker

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// How often a host offers to do the housekeeping that one host does; besides,
// the heartbeat tells when another host is gone. That bounds, with the lease's
// TTL, how soon its jobs run again.
const (
	sweepEvery = 5 * time.Second // after it was granted anything
	sweepIdle  = 15 * time.Second
)

// When a host looks for jobs that have become due, and knows of none that will be sooner.
const (
	dueEvery = time.Second      // while it is told of work, or can't be told
	dueIdle  = 15 * time.Second // when it is told of none
)

// sweepLoop makes due jobs ready, and rescues those of hosts that are gone.
func (s *session) sweepLoop(ctx context.Context) {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { s.maintainLoop(ctx) })
	nextDue, nextSweep, nextRecall := time.Now(), time.Now(), time.Now().Add(recallEvery)
	var looked time.Time // for due jobs
	quiet := 0           // looks since somebody sent word
	for ctx.Err() == nil {
		now := time.Now()
		if !now.Before(nextDue) {
			quiet++
			looked = now
			nextDue = now.Add(s.due(ctx, quiet))
		}
		if !now.Before(nextSweep) {
			if nextSweep = now.Add(sweepIdle); s.worked.Swap(false) || s.busy() {
				nextSweep = now.Add(sweepEvery)
			}
			s.sweep(ctx)
		}
		if !now.Before(nextRecall) {
			nextRecall = now.Add(s.recall(ctx))
		}
		timer := time.NewTimer(time.Until(earliest(nextDue, nextSweep)))
		select {
		case <-ctx.Done():
		case <-s.sweeping:
			nextSweep = time.Now()
		case <-s.wakeDue: // what came may be due later, and the last of it came without a word
			quiet = 0
			nextDue = earliest(nextDue, looked.Add(dueEvery))
		case <-timer.C:
		}
		timer.Stop()
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// wakeForDue says that a job will be due: to whoever looks for those.
func (s *session) wakeForDue() {
	if s.told() {
		signal(s.wakeDue)
	} else {
		signal(s.wake)
	}
}

// due returns how long to wait before the next look. A host that nobody tells
// of anything looks when it claims; see ask.
func (s *session) due(ctx context.Context, quiet int) time.Duration {
	if !s.told() {
		return dueEvery
	}
	promoted, next, err := s.store.Due(ctx)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			s.log.Warn("look for due jobs", zap.Error(err))
		}
		return dueEvery
	case promoted > 0:
		s.Wake()
	}
	pause := dueEvery
	if quiet > 2 && s.told() {
		pause = dueIdle
	}
	if next >= 0 && next < pause {
		return max(next, 5*time.Millisecond)
	}
	return pause
}

func (s *session) sweep(ctx context.Context) {
	swept, err := s.store.Sweep(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("sweep", zap.Error(err))
		}
		return
	}
	if swept.Rescued+swept.Overdue+swept.Expired > 0 {
		s.log.Warn("swept", zap.Int("rescued", swept.Rescued), zap.Int("overdue", swept.Overdue), zap.Int("expired", swept.Expired))
		s.Wake()
		signal(s.sweeping) // there may be more than one call takes
	}
}
