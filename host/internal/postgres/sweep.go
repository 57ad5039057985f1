package postgres

import (
	"context"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// sweepBatch bounds one call, so that no sweep holds many row locks for long.
const sweepBatch = 1000

// Due makes the jobs ready whose time has come. next is how long until the
// next one is due; negative when none waits.
func (s *Store) Due(ctx context.Context) (promoted int, next time.Duration, err error) {
	var ms *int64
	err = s.queryRow(ctx, "select promoted, next_ms from lessee.fn_job_due($1)", []any{sweepBatch}, &promoted, &ms)
	return promoted, untilDue(ms), err
}

func untilDue(ms *int64) time.Duration {
	if ms == nil {
		return -1
	}
	return time.Duration(*ms) * time.Millisecond
}

// Sweep rescues, takes overdue jobs, expires. Zero when another host is at it.
func (s *Store) Sweep(ctx context.Context) (job.Swept, error) {
	var rescued, overdue, expired *int
	err := s.queryRow(ctx, "select rescued, overdue, expired from lessee.fn_sweep($1)", []any{sweepBatch}, &rescued, &overdue, &expired)
	if err != nil || rescued == nil {
		return job.Swept{}, err
	}
	return job.Swept{Rescued: *rescued, Overdue: *overdue, Expired: *expired}, nil
}
