package worker

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// policy is the retry policy of the class, for outcomes that turn into failures here.
type policy = registry.RetryPolicy

// batchMax bounds what one commit carries.
const batchMax = 1000

// batch is what one commit carries: outcomes, and whose they are, place by place.
type batch struct {
	grants   []*grant
	policies []*policy
	outcomes []job.Outcome
}

func (b *batch) add(one settled) {
	b.grants, b.policies, b.outcomes = append(b.grants, one.grant), append(b.policies, one.policy), append(b.outcomes, one.outcome)
}

func (b *batch) part(from, to int) batch {
	return batch{b.grants[from:to], b.policies[from:to], b.outcomes[from:to]}
}

// empty keeps the room, of which a busy host needs the same again at once.
func (b *batch) empty() {
	clear(b.grants)
	clear(b.policies)
	clear(b.outcomes)
	*b = b.part(0, 0)
}

// commitLoop commits what attempts settle, as many at once as have gathered
// since the last commit went. Two do so: while one waits for the server's disk,
// the other's outcomes are written.
func (s *session) commitLoop() {
	var b batch
	for first := range s.outcomes {
		b.add(first)
		s.gather(&b)
		s.commit(b, 0)
		b.empty()
	}
}

func (s *session) gather(b *batch) {
	for len(b.grants) < batchMax {
		select {
		case next, ok := <-s.outcomes:
			if !ok {
				return
			}
			b.add(next)
		default:
			return
		}
	}
}

// commit brings a batch home: it tries until the database answers or the lease
// is lost. An answer that got lost is no harm, because the database knows an
// outcome by its span. A batch that the database can't read is halved until
// the outcome at fault is alone; that one becomes a failure of its job.
func (s *session) commit(b batch, timeout time.Duration) {
	verdicts, err := s.send(s.writes, b.outcomes, timeout)
	n := len(b.grants)
	switch {
	case err == nil:
		s.conclude(b.grants, verdicts)
	case s.lost():
	case n > 1:
		s.commit(b.part(0, n/2), timeout)
		s.commit(b.part(n/2, n), timeout)
	default:
		s.commitFailure(settled{b.grants[0], b.outcomes[0], b.policies[0]}, err)
	}
}

// commitCommands commits an outcome with commands, which are the work of the
// commit: they keep the attempt's slot, and come alone, because one statement
// has one timeout. When the attempt is interrupted the job goes back. Should
// the database have committed it all the same, it knows the outcome by its span.
func (s *session) commitCommands(b settled, timeout time.Duration) {
	verdicts, err := s.sendCommands(b.outcome, timeout)
	switch {
	case err == nil:
		s.conclude([]*grant{b.grant}, verdicts)
	case s.lost():
	case s.work.Err() != nil:
		b.outcome = b.outcome.Failed(job.Release, abi.Errorf(abi.CodeInterrupted, "%v", context.Cause(s.work)))
		var alone batch
		alone.add(b)
		s.commit(alone, 0)
	default:
		s.commitFailure(b, err)
	}
}

func (s *session) sendCommands(outcome job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	select {
	case s.commands <- struct{}{}:
		defer func() { <-s.commands }()
		return s.send(s.work, []job.Outcome{outcome}, timeout)
	case <-s.work.Done():
		return nil, context.Cause(s.work)
	}
}

// send tries until the database answers or ctx ends. It returns the verdicts,
// or an error that sending again would not mend.
func (s *session) send(ctx context.Context, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		call, cancel := context.WithTimeout(ctx, timeout+max(s.trusted(), time.Millisecond))
		verdicts, err := s.store.Commit(call, s.lease, outcomes, timeout)
		cancel()
		if err == nil || errors.Is(err, job.ErrUnreadable) || errors.Is(err, job.ErrTimeout) {
			return verdicts, err
		}
		if ctx.Err() == nil {
			s.failed(err)
			s.log.Warn("commit; trying again", zap.Int("jobs", len(outcomes)), zap.Error(err), zap.Duration("in", pause))
		}
		sleep(ctx, pause)
	}
}

// commitFailure reports, in place of an outcome that could not be committed, why.
func (s *session) commitFailure(b settled, cause error) {
	err := abi.Errorf(abi.CodeResultInvalid, "the result can't be committed: %v", cause)
	if errors.Is(cause, job.ErrTimeout) {
		err = abi.Errorf(abi.CodeCommandTimeout, "the commands took longer than limits.command_ms")
	}
	word := job.Retry
	if b.policy.Permanent(err.Code) {
		word = job.DeadLetter
	}
	outcome := b.outcome.Failed(word, err)
	verdicts, sendErr := s.send(s.writes, []job.Outcome{outcome}, 0)
	switch {
	case sendErr == nil:
		s.conclude([]*grant{b.grant}, verdicts)
	case !s.lost():
		s.log.Error("an outcome can't be committed; the sweep will take the job when it is overdue", zap.Int64("job", outcome.JobID), zap.Error(sendErr), zap.NamedError("first", cause))
		s.mu.Lock()
		s.held.abandon(b.grant)
		s.mu.Unlock()
	}
}

// conclude settles grants; there is a verdict on each, in order.
func (s *session) conclude(grants []*grant, verdicts []job.Verdict) {
	s.settle(grants...)
	for _, v := range verdicts {
		if v.State == job.RetryWait {
			s.wakeForDue()
		}
		switch v.Verdict {
		case job.Stale:
			s.log.Warn("a result was refused: the job is not this lease's any more", zap.Int64("job", v.JobID), zap.String("code", string(v.Code)), zap.String("why", v.Message))
		case job.Changed:
			s.log.Info("the database decided otherwise", zap.Int64("job", v.JobID), zap.String("state", string(v.State)), zap.String("code", string(v.Code)), zap.String("why", v.Message))
		}
	}
}
