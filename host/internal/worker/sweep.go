package worker

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// sweepEvery is how often a host offers to do the housekeeping that one host does.
const sweepEvery = 2 * time.Second

// dueEvery is how often a host looks for jobs that have become due, when it
// knows of none that will be sooner.
const dueEvery = time.Second

// sweepLoop makes due jobs ready, and rescues those of hosts that are gone.
func (s *session) sweepLoop(ctx context.Context) {
	nextSweep := time.Now()
	for ctx.Err() == nil {
		wait := s.due(ctx)
		if now := time.Now(); !now.Before(nextSweep) {
			s.sweep(ctx)
			nextSweep = now.Add(sweepEvery)
		}
		sleep(ctx, wait)
	}
}

// due returns how long to wait before the next look.
func (s *session) due(ctx context.Context) time.Duration {
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
	if next >= 0 && next < dueEvery {
		return max(next, 5*time.Millisecond)
	}
	return dueEvery
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
	}
}
