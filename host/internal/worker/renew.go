package worker

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// renewLoop is the heartbeat. It renews as often as beat says, sooner when told to
// look. watchTrust ends the session when the lease can't be trusted any more,
// by a timer of its own, so that a call that hangs can't delay it.
func (s *session) renewLoop(ctx context.Context) {
	asked := false // by somebody who wants to know of a job
	for ctx.Err() == nil && !s.lost() {
		err := s.renewOnce(ctx, asked)
		asked = false
		wait := s.beat()
		if err != nil && ctx.Err() == nil {
			s.failed(err)
			s.log.Warn("the lease could not be renewed; trying again", zap.Error(err), zap.Duration("trusted_for", s.trusted()))
			wait = s.ttl / 30
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.gone:
		case <-s.renew:
			asked = true
		case <-timer.C:
		}
		timer.Stop()
	}
}

// beat is how long to wait for the next heartbeat. A host that holds nothing has
// nothing to be told, and one that polls asks often enough; twice in a TTL will do.
func (s *session) beat() time.Duration {
	if s.told() || s.busy() {
		return s.ttl / 3
	}
	return s.ttl * 4 / 9
}

// watchTrust kills everything when the time is up for which the lease is trusted.
func (s *session) watchTrust(ctx context.Context) {
	for left := s.trusted(); left > 0; left = s.trusted() {
		sleep(ctx, left)
		if ctx.Err() != nil {
			return
		}
	}
	s.lose("it was not renewed in time")
}

func (s *session) renewOnce(ctx context.Context, all bool) error {
	before := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.ttl/3)
	defer cancel()
	renewal, err := s.store.RenewLease(ctx, s.lease, s.report(all))
	if err != nil {
		return err
	}
	if !renewal.Alive {
		s.lose("the database had given it away")
		return nil
	}
	s.ttl = renewal.TTL // an operator may have changed it
	s.trust(before, renewal.TTL)
	s.note(func(st *Status) { st.RenewedAt, st.LastError = before, "" })
	if renewal.Sweep {
		signal(s.sweeping)
	}
	for _, stop := range renewal.Stop {
		s.stop(stop)
	}
	if s.runner.Snapshot().Settings.Phase == registry.PhaseStopped {
		s.stopAll(job.ErrInterrupted)
	}
	if err := errors.Join(s.reportModules(ctx), s.reportClasses(ctx)); err != nil {
		s.log.Warn("modules and classes could not be reported; trying again with the next heartbeat", zap.Error(err))
	}
	return nil
}

// report names what is held, for a while at least unless all is asked for: of
// short jobs there are many, and most have ended when the database looks at them.
func (s *session) report(all bool) job.Report {
	r := job.Report{Held: []job.Held{}, Classes: s.runner.Readiness()}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.InFlight = len(s.held.grants)
	for _, g := range s.held.grants {
		if !all && time.Since(g.lot.since) < s.ttl/9 {
			continue
		}
		h := job.Held{JobID: g.job.ID, Fence: g.job.Fence}
		if !g.started.IsZero() {
			age := time.Since(g.started).Milliseconds()
			h.StartedMS, h.Progress = &age, g.log.progress()
		}
		r.Held = append(r.Held, h)
	}
	return r
}

// stop ends one attempt: an operator cancelled it, or the job is gone. One that
// waits never starts.
func (s *session) stop(stop job.Stop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, lost := s.held.find(stop.JobID, stop.Fence), stop.Why == job.StopLost
	switch {
	case g == nil: // settled meanwhile
	case g.stop == nil && !s.waiting.withdraw(g): // it starts at this moment; the next heartbeat tells
	case g.stop == nil && lost:
		s.held.remove(g)
	case g.stop == nil:
		s.cancel(g)
	case lost:
		g.stop(job.ErrInterrupted) // its outcome will be refused as stale
	default:
		g.stop(job.ErrCancelled)
	}
}

func (s *session) stopAll(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.held.grants {
		if g.stop != nil {
			g.stop(cause)
		}
	}
}
