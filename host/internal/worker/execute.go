package worker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// attempt carries one grant from its envelope to the committer.
func (s *session) attempt(a assignment) {
	began, class := time.Now(), a.class
	defer func() { s.freeSlot(class, time.Since(began)) }()
	a.class = class.For(a.job.ID, a.job.Attempt)
	outcome := s.execute(a)
	switch {
	case s.lost(): // the result is dropped: this host may not write any more
	case outcome.Word == job.Succeed && class.Runtime == registry.RuntimeCommand || len(outcome.Commands) > 0:
		s.commitCommands(settled{outcome, class.Retry}, time.Duration(class.Limits.CommandMS)*time.Millisecond)
	default:
		s.outcomes <- settled{outcome, class.Retry}
	}
}

// execute runs the executor and decides what to ask for.
func (s *session) execute(a assignment) job.Outcome {
	j, class, span := a.job, a.class, newSpanID()
	e := &execution{job: j, class: class, envelope: j.Envelope(class, span), sink: &attemptSink{
		network: s.cfg.Network,
		attemptLog: &attemptLog{log: sync.OnceValue(func() *zap.Logger { // most attempts say nothing
			return s.log.With(zap.Int64("job", j.ID), zap.String("class", j.Class), zap.Int("attempt", j.Attempt),
				zap.String("trace_id", j.Trace.TraceID), zap.String("span_id", span))
		})},
	}}
	e.envelope.Job.Deadline = e.envelope.Job.Deadline.Add(a.waited) // the wait is not on the attempt's account
	result, usage, err := s.call(e)
	if err == nil {
		err = e.sink.scan(result)
	} else {
		err = e.sink.redact(err)
	}
	outcome := job.Decide(result, err, class.Retry)
	outcome.JobID, outcome.Fence, outcome.Attempt, outcome.SpanID = j.ID, j.Fence, j.Attempt, span
	outcome.ModuleDigest, outcome.Usage, outcome.Requests = class.ModuleDigest, &usage, e.sink.used(&usage)
	log := e.sink.attemptLog
	if outcome.Error != nil {
		outcome.LogTail = log.tail()
		log.log().Info("attempt failed", zap.String("word", string(outcome.Word)), zap.String("code", string(outcome.Error.Code)), zap.String("error", outcome.Error.Message))
	} else if s.log.Core().Enabled(zap.DebugLevel) {
		log.log().Debug("attempt done", zap.String("word", string(outcome.Word)), zap.Int64("wall_us", usage.WallUS))
	}
	return outcome
}

// execution is one attempt in its executor.
type execution struct {
	job      job.Job
	class    registry.Class
	envelope abi.Envelope
	sink     *attemptSink
}

// call is the executor's part. Its error is an *abi.Error, or the cause for
// which the attempt was stopped.
func (s *session) call(e *execution) (abi.Result, abi.Usage, error) {
	ctx, stop := context.WithCancelCause(s.work)
	defer stop(nil)
	if !s.started(e.job, e.sink.attemptLog, stop) {
		return abi.Result{}, abi.Usage{}, job.ErrInterrupted
	}
	if e.class.Runtime == registry.RuntimeCommand {
		return abi.Result{Status: abi.StatusOK}, abi.Usage{}, nil // the commit does the work
	}
	envelope, err := abi.EncodeEnvelope(e.envelope)
	if err != nil {
		return abi.Result{}, abi.Usage{}, abi.Errorf(abi.CodeHostError, "encode the envelope: %v", err)
	}
	e.sink.requests = s.cfg.Network.Open(e.class, e.envelope.Trace)
	result, usage, err := s.runner.Execute(ctx, e.class, envelope, e.sink)
	if err != nil && ctx.Err() != nil {
		if cause := context.Cause(ctx); errors.Is(cause, job.ErrCancelled) || errors.Is(cause, job.ErrInterrupted) {
			err = cause
		}
	}
	return result, usage, err
}

// started marks a grant as started, for the next heartbeat. False: the database
// has taken the job back already.
func (s *session) started(j job.Job, log *attemptLog, stop context.CancelCauseFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.held[idOf(j)]
	if g == nil {
		return false
	}
	g.started, g.log, g.stop = time.Now(), log, stop
	return true
}

func newSpanID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}
