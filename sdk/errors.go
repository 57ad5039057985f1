package sdk

import (
	"errors"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// Permanent marks err as beyond help: the job goes straight to the dead letters.
func Permanent(err error) error { return judge(err, verdict{status: abi.StatusFail}) }

// Retry marks err as worth another attempt, after the class's backoff. A plain
// error means the same; Retry overrides a [Permanent] deeper in the chain.
func Retry(err error) error { return judge(err, verdict{status: abi.StatusRetry}) }

// RetryAfter is [Retry], but not before d has passed.
func RetryAfter(err error, d time.Duration) error {
	return judge(err, verdict{status: abi.StatusRetry, after: max(d, 0)})
}

// WithCode names the failure, for the retry policy and for the operator.
func WithCode(err error, code abi.Code) error {
	if err == nil {
		return nil
	}
	return &coded{error: err, code: code}
}

// Park returns the error that parks the job until a person, a child or a
// signal resumes it. The output and effects are committed with the parking.
func Park() error { return judge(errParked, verdict{status: abi.StatusPark}) }

var errParked = errors.New("parked")

// verdict is an error with a word on what should become of the job. The
// outermost verdict of a chain counts, and so does the outermost code.
type verdict struct {
	error
	status abi.Status
	after  time.Duration
}

func (v *verdict) Unwrap() error { return v.error }

func judge(err error, v verdict) error {
	if err == nil {
		return nil
	}
	v.error = err
	return &v
}

type coded struct {
	error
	code abi.Code
}

func (c *coded) Unwrap() error { return c.error }
