package job

import (
	"errors"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// ErrInterrupted as the cause of a cancelled attempt gives the job back
// without burning the attempt: the host stops, or the phase is stopped.
var ErrInterrupted = errors.New("the host gave the job back")

// ErrCancelled as the cause of a cancelled attempt ends the job as cancelled.
var ErrCancelled = errors.New("an operator cancelled the job")

// ErrNotReady from whatever runs attempts says that the executor of the class
// is not there (any more): the job goes back without burning the attempt.
var ErrNotReady = errors.New("the executor of the class is not ready")

// Decide is the host's one decision: which word the end of an attempt asks
// for. It is pure. When a retry is due, whether attempts are left, and whether
// the effects can be done is the database's to say; it needs to know that for
// the sweep and for failing commands too.
//
// err is what the executor failed with, nil when it answered with result.
func Decide(result abi.Result, err error, policy registry.RetryPolicy) Outcome {
	switch {
	case errors.Is(err, ErrCancelled):
		return Outcome{Word: Cancel, Error: abi.Errorf(abi.CodeCancelled, "an operator cancelled the job")}
	case errors.Is(err, ErrInterrupted), errors.Is(err, ErrNotReady):
		return Outcome{Word: Release, Error: abi.Errorf(abi.CodeInterrupted, "%v", err)}
	case err != nil:
		return failure(asError(err), policy, 0)
	}
	switch result.Status {
	case abi.StatusOK:
		return Outcome{Word: Succeed, Output: result.Output, Events: result.Events, Enqueue: result.Enqueue, Commands: result.Commands}
	case abi.StatusPark:
		return Outcome{Word: Park, Events: result.Events, Enqueue: result.Enqueue, Commands: result.Commands}
	case abi.StatusFail:
		return Outcome{Word: DeadLetter, Error: given(result)}
	case abi.StatusRetry:
		return failure(given(result), policy, result.RetryAfterMS)
	}
	return failure(abi.Errorf(abi.CodeResultInvalid, "status %q is unknown", result.Status), policy, 0)
}

func failure(err *abi.Error, policy registry.RetryPolicy, retryAfterMS int64) Outcome {
	if policy.Permanent(err.Code) {
		return Outcome{Word: DeadLetter, Error: err}
	}
	return Outcome{Word: Retry, Error: err, RetryAfterMS: retryAfterMS}
}

// given is the error of a failing result. abi.DecodeResult refuses one without;
// an executor that answers in Go has nobody to refuse it.
func given(result abi.Result) *abi.Error {
	if result.Error == nil {
		return abi.Errorf(abi.CodeResultInvalid, "status %q came without an error", result.Status)
	}
	return result.Error
}

func asError(err error) *abi.Error {
	var known *abi.Error
	if errors.As(err, &known) {
		return known
	}
	return abi.Errorf(abi.CodeHostError, "%v", err)
}
