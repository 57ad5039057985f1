package worker

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// attempt carries one grant from its envelope to the committer, and returns
// the assignment that gets its slot.
func (s *session) attempt(a assignment) (next assignment) {
	began := time.Now()
	defer func() { next = s.freeSlot(a.class, time.Since(began)) }()
	e := &execution{assignment: a, session: s, row: a.class.For(a.grant.job.ID, a.grant.job.Attempt), span: newSpanID()}
	e.sink = attemptSink{network: s.cfg.Network, attemptLog: attemptLog{open: e.openLog}}
	done := settled{grant: a.grant, outcome: e.run(), policy: &a.class.Retry}
	switch {
	case s.lost(): // the result is dropped: this host may not write any more
	case done.outcome.Word == job.Succeed && a.class.Runtime == registry.RuntimeCommand || len(done.outcome.Commands) > 0:
		s.commitCommands(done, time.Duration(a.class.Limits.CommandMS)*time.Millisecond)
	default:
		s.outcomes <- done
	}
	return next
}

// execution is one attempt in its executor.
type execution struct {
	assignment
	session *session
	row     *registry.Class // its class, perhaps with the candidate for its module
	span    string          // id
	sink    attemptSink
}

// openLog is the host's log with the names of the attempt. Most attempts say nothing.
func (e *execution) openLog() *zap.Logger {
	j := &e.grant.job
	return e.session.log.With(zap.Int64("job", j.ID), zap.String("class", j.Class), zap.Int("attempt", j.Attempt),
		zap.String("trace_id", j.Trace.TraceID), zap.String("span_id", e.span))
}

// run runs the executor and decides what to ask for.
func (e *execution) run() job.Outcome {
	result, usage, err := e.call()
	if err == nil {
		err = e.sink.scan(result)
	} else {
		err = e.sink.redact(err)
	}
	j, log := &e.grant.job, &e.sink.attemptLog
	outcome := job.Decide(result, err, e.row.Retry)
	outcome.JobID, outcome.Fence, outcome.Attempt, outcome.LeasedAt, outcome.Listed, outcome.SpanID = j.ID, j.Fence, j.Attempt, j.LeasedAt, j.Listed, e.span
	outcome.ModuleDigest, outcome.Usage, outcome.Requests = e.row.ModuleDigest, &usage, e.sink.used(&usage)
	if outcome.Error != nil {
		outcome.LogTail = log.tail()
		log.logger().Info("attempt failed", zap.String("word", string(outcome.Word)), zap.String("code", string(outcome.Error.Code)), zap.String("error", outcome.Error.Message))
	} else if e.session.log.Core().Enabled(zap.DebugLevel) {
		log.logger().Debug("attempt done", zap.String("word", string(outcome.Word)), zap.Int64("wall_us", usage.WallUS))
	}
	return outcome
}

// call is the executor's part. Its error is an *abi.Error, or the cause for
// which the attempt was stopped.
func (e *execution) call() (abi.Result, abi.Usage, error) {
	ctx, stop := context.WithCancelCause(e.session.base)
	defer stop(nil)
	if !e.session.started(e.grant, &e.sink.attemptLog, stop) {
		return abi.Result{}, abi.Usage{}, job.ErrInterrupted
	}
	if e.row.Runtime == registry.RuntimeCommand {
		return abi.Result{Status: abi.StatusOK}, abi.Usage{}, nil // the commit does the work
	}
	envelope := e.grant.job.Envelope(e.row, e.span)
	envelope.Job.Deadline = envelope.Job.Deadline.Add(e.waited) // the wait is not on the attempt's account
	data, err := abi.EncodeEnvelope(envelope)
	if err != nil {
		return abi.Result{}, abi.Usage{}, abi.Errorf(abi.CodeHostError, "encode the envelope: %v", err)
	}
	e.sink.requests = e.sink.network.Open(e.row, envelope.Trace)
	result, usage, err := e.session.runner.Execute(ctx, e.row, data, &e.sink)
	if err != nil && ctx.Err() != nil {
		if cause := context.Cause(ctx); errors.Is(cause, job.ErrCancelled) || errors.Is(cause, job.ErrInterrupted) {
			err = cause
		}
	}
	return result, usage, err
}

// started marks a grant as started, for the next heartbeat. False: the database
// has taken the job back already, or all attempts end.
func (s *session) started(g *grant, log *attemptLog, stop context.CancelCauseFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.settled() || s.work.Err() != nil {
		return false
	}
	g.started, g.log, g.stop = time.Now(), log, stop
	return true
}

// newSpanID needs no secrecy, so it is not of crypto/rand.
func newSpanID() string {
	var id [8]byte
	var text [2 * len(id)]byte
	binary.BigEndian.PutUint64(id[:], max(1, rand.Uint64())) // zero is no id
	hex.Encode(text[:], id[:])
	return string(text[:])
}
