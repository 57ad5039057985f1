package wasm

import (
	"crypto/rand"
	"io"
	"time"

	"context"

	"github.com/tetratelabs/wazero"
)

// world is all that an instance can see of the outside: clocks, randomness,
// three streams. No argument, no variable, no file. It outlives attempts, and
// shows each instance only the attempt that it runs.
type world struct {
	attempt *attempt        // nil between attempts
	ctx     context.Context // of the attempt
}

// enter shows the world of an attempt; leave hides it.
func (w *world) enter(ctx context.Context, a *attempt) { w.attempt, w.ctx = a, ctx }

func (w *world) leave() { w.attempt, w.ctx = nil, nil }

func (w *world) config() wazero.ModuleConfig {
	return wazero.NewModuleConfig().
		WithName("").         // instances of one module exist side by side
		WithStartFunctions(). // called by hand, see initialise
		WithSysWalltime().
		WithSysNanotime().
		WithNanosleep(w.sleep).
		WithRandSource(rand.Reader).
		WithStdin(stdin{w}).
		WithStdout(stdout{w}).
		WithStderr(stderr{w})
}

// sleep ends with the attempt. Without that, a guest that sleeps for an hour
// holds its slot for an hour.
func (w *world) sleep(ns int64) {
	timer := time.NewTimer(time.Duration(ns))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
		w.attempt.stop(causeOf(w.ctx))
	}
}

type (
	stdin  struct{ *world }
	stdout struct{ *world }
	stderr struct{ *world }
)

func (s stdin) Read(p []byte) (int, error) {
	if s.attempt.stdin == nil {
		return 0, io.EOF
	}
	return s.attempt.stdin.Read(p)
}

func (s stdout) Write(p []byte) (int, error) { return s.attempt.stdout.Write(p) }

func (s stderr) Write(p []byte) (int, error) { return s.attempt.stderr.Write(p) }
