//go:build linux

package process

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// attempt is what the host keeps while a job runs. The goroutine that executes
// uses it, and beside it those that read what the process writes.
type attempt struct {
	limits   abi.Limits
	manifest *abi.Manifest
	sink     abi.Sink
	started  time.Time

	mu       sync.Mutex // of the sink, and of what follows
	calls    int64
	logged   int64
	dropped  int64 // bytes of overheard lines, beyond the limit
	output   int64
	reported time.Time // the last progress
	held     func()    // a progress that waits
}

const progressInterval = 100 * time.Millisecond

// requester is a sink that sends HTTP requests too. The error ends the attempt;
// what the plugin can handle is in the answer.
type requester interface {
	HTTP(ctx context.Context, document []byte) ([]byte, error)
}

func (a *attempt) call() *abi.Error {
	if a.calls++; a.calls > a.limits.HostCalls {
		return abi.Errorf(abi.CodeLimitHostCalls, "the attempt called the host more often than its limit of %d times (host_calls)", a.limits.HostCalls)
	}
	return nil
}

// say keeps a line that the plugin logged.
func (a *attempt) say(l line) *abi.Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.call(); err != nil {
		return err
	}
	if a.logged += int64(len(l.text)); a.logged > a.limits.LogBytes {
		return abi.Errorf(abi.CodeLimitLog, "the attempt logged more than its limit of %d bytes (log_bytes)", a.limits.LogBytes)
	}
	a.sink.Log(l.level, clean(l.text))
	return nil
}

// overheard keeps a line of the process's standard streams. They may be those
// of a library that the author has no hold on, so what is too much is dropped.
func (a *attempt) overheard(l line) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.logged+int64(len(l.text)) > a.limits.LogBytes {
		a.dropped += int64(len(l.text))
		return
	}
	a.logged += int64(len(l.text))
	a.sink.Log(l.level, l.text)
}

// progress passes on reports, at most one per interval and always the last.
func (a *attempt) progress(permille int, note string) *abi.Error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.call(); err != nil {
		return err
	}
	a.held = func() { a.sink.Progress(min(max(permille, 0), 1000), clean(note)) }
	if time.Since(a.reported) >= progressInterval {
		a.flush()
	}
	return nil
}

func (a *attempt) flush() {
	if a.held != nil {
		a.held()
		a.reported, a.held = time.Now(), nil
	}
}

// request sends an HTTP request, if the plugin wants HTTP and somebody is there to send it.
func (a *attempt) request(ctx context.Context, document []byte) ([]byte, *abi.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.call(); err != nil {
		return nil, err
	}
	sender, ok := a.sink.(requester)
	switch {
	case !ok:
		return abi.DenyHTTP("no request can be sent here"), nil
	case a.manifest != nil && !a.manifest.Wants.HTTP:
		return abi.DenyHTTP(`the plugin's manifest does not want HTTP: set "wants": {"http": true}`), nil
	}
	answer, err := sender.HTTP(ctx, document)
	told := (*abi.Error)(nil)
	switch {
	case err == nil:
		return answer, nil
	case errors.As(err, &told):
		return nil, told
	case ctx.Err() != nil:
		return nil, causeOf(ctx)
	}
	return nil, abi.Errorf(abi.CodeHostError, "%v", err)
}

// causeOf is why a context ended, as an error of the attempt.
func causeOf(ctx context.Context) *abi.Error {
	told := (*abi.Error)(nil)
	if errors.As(context.Cause(ctx), &told) {
		return told
	}
	return abi.Errorf(abi.CodeInterrupted, "%v", context.Cause(ctx))
}

// decode reads the result and counts its effects.
func (a *attempt) decode(data []byte) (abi.Result, error) {
	a.output = int64(len(data))
	if a.output > a.limits.OutputBytes {
		return abi.Result{}, abi.Errorf(abi.CodeLimitOutput, "the result has %d bytes or more, its limit is %d (output_bytes)", a.output, a.limits.OutputBytes)
	}
	r, err := abi.DecodeResult(data)
	if err != nil {
		return abi.Result{}, err
	}
	if over := a.limits.CheckEffects(r); over != nil {
		return abi.Result{}, over
	}
	return r, nil
}

// usage is what the attempt used. A process has no fuel, and its memory is not
// the attempt's alone.
func (a *attempt) usage() abi.Usage {
	return abi.Usage{WallUS: time.Since(a.started).Microseconds(), HostCalls: a.calls, OutputBytes: a.output, LogBytes: a.logged}
}
