package wasm

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// attempt is what the host keeps while one instance runs. One goroutine uses it.
type attempt struct {
	limits    abi.Limits
	shelf     shelf // of its instance
	started   time.Time
	deadline  time.Time
	budget    meter.Budget
	stdin     io.Reader
	stdout    io.Writer
	stderr    stream
	log       logger
	progress  progress
	memory    int64 // peak, in bytes
	exhausted bool  // the guest asked for more memory than its limit
	fuel      int64 // used
	hostCalls int64
	manifest  *abi.Manifest // of the module; nil: none
	answer    []byte        // of the last HTTP request, until the guest takes it
	output    int64         // bytes
	stopped   *abi.Error    // why a host function ended the attempt
	preparing bool          // it is none of a class, but of an admission
	failed    bool          // the result says so
	exited    bool          // the guest called proc_exit
	exitCode  uint32
}

func newAttempt(limits abi.Limits, sink abi.Sink) *attempt {
	a := &attempt{limits: limits, budget: meter.Budget{Fuel: limits.Fuel}}
	a.log = logger{attempt: a, sink: sink}
	a.progress = progress{sink: sink}
	a.stderr = stream{log: &a.log, level: abi.LevelInfo}
	return a
}

type attemptKey struct{}

func attemptFrom(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// stop ends the attempt from inside a call that the guest made. The panic is
// the engine's own way to unwind a guest: it comes back as the error of the
// call into it, and never passes [Module.Execute].
func (a *attempt) stop(why *abi.Error) {
	a.stopped = why
	panic(why)
}

// start sets the clock.
func (a *attempt) start() {
	a.started = time.Now()
	a.deadline = a.started.Add(a.limits.Wall())
}

// over says why the attempt may not go on; nil: it may. The wall limit is no
// timer of a context, which would cost each attempt half a microsecond: whoever
// could hold a guest up (ticks, host functions, sleeps) asks here.
func (a *attempt) over(ctx context.Context) *abi.Error {
	switch {
	case ctx.Err() != nil:
		return causeOf(ctx)
	case !time.Now().Before(a.deadline):
		return a.overtime()
	}
	return nil
}

// overtime is the error of an attempt that is not done in time.
func (a *attempt) overtime() *abi.Error {
	if a.preparing {
		return abi.Errorf(abi.CodeLimitWall, "the module was not ready within %s: do less when it starts (_initialize, %s, warm-up calls)", a.limits.Wall(), abi.ExportInit)
	}
	return abi.Errorf(abi.CodeLimitWall, "the attempt took longer than its limit of %s (wall_ms)", a.limits.Wall())
}

// flush passes on last lines that were not ended.
func (a *attempt) flush() {
	a.stderr.flush()
	if out, ok := a.stdout.(*stream); ok {
		out.flush()
	}
	a.progress.flush()
}

// read copies a string out of the guest. Postgres takes neither invalid UTF-8
// nor NUL as text.
func (a *attempt) read(m api.Module, ptr, n uint32, what string) string {
	data, ok := m.Memory().Read(ptr, n)
	if !ok {
		a.stop(abi.Errorf(abi.CodePointerInvalid, "the %s at %d, %d bytes long, lies outside the guest's memory", what, ptr, n))
	}
	return clean(string(data))
}

func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func (a *attempt) usage() abi.Usage {
	return abi.Usage{
		Fuel:        a.fuel,
		WallUS:      time.Since(a.started).Microseconds(),
		HostCalls:   a.hostCalls,
		MemoryBytes: a.memory,
		OutputBytes: a.output,
		LogBytes:    a.log.bytes,
	}
}
