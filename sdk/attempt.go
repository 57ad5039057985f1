package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// attempt is what the SDK keeps while a handler runs. It travels in the
// handler's context, so that a handler needs no parameter for it.
type attempt struct {
	envelope abi.Envelope
	host     Host

	mu      sync.Mutex // a handler may use goroutines
	effects abi.Result // only its Events, Enqueue and Commands
}

type attemptKey struct{}

var errNoAttempt = errors.New("this context is not the one the handler was called with (or derived from it): pass the handler's ctx along")

func attemptFrom(ctx context.Context) (*attempt, bool) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	return a, ok
}

// JobFrom tells which attempt at which job this is.
func JobFrom(ctx context.Context) abi.Job {
	if a, ok := attemptFrom(ctx); ok {
		return a.envelope.Job
	}
	return abi.Job{}
}

// TraceFrom returns the attempt's W3C trace context, to pass on to what the
// handler calls.
func TraceFrom(ctx context.Context) abi.Trace {
	if a, ok := attemptFrom(ctx); ok {
		return a.envelope.Trace
	}
	return abi.Trace{}
}

// Config decodes the config of the class row. A class without one gives the
// zero T.
func Config[T any](ctx context.Context) (T, error) {
	var config T
	a, ok := attemptFrom(ctx)
	if !ok {
		return config, errNoAttempt
	}
	if len(a.envelope.Config) == 0 {
		return config, nil
	}
	if err := json.Unmarshal(a.envelope.Config, &config); err != nil {
		return config, fmt.Errorf("decode the class's config: %s", describe(err))
	}
	return config, nil
}

// Progress tells the operator how far the attempt is, in thousandths, and what
// it does now.
func Progress(ctx context.Context, permille int, note string) {
	if a, ok := attemptFrom(ctx); ok {
		a.host.Progress(permille, note)
	}
}

// Cancelled reports whether the attempt should stop. A long loop asks it now
// and then: a WASM guest has one thread, so ctx.Done does not fire while the
// handler computes.
func Cancelled(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return true
	}
	a, ok := attemptFrom(ctx)
	return ok && a.host.Cancelled()
}
