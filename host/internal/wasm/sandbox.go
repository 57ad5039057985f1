package wasm

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/sys"
)

// world is all that an instance can see of the outside: clocks, randomness,
// three streams. No argument, no variable, no file. It outlives attempts, and
// shows each instance only the attempt that it runs.
type world struct {
	attempt *attempt        // nil between attempts
	ctx     context.Context // of the attempt
	frozen  *frozen         // while the module is prepared; nil afterwards
	began   time.Time       // when its clock that only rises showed 0
}

// newWorld is what an instance made for that attempt will see. A clock that
// only rises begins where it stood when the snapshot was taken.
func (m *Module) newWorld(a *attempt) *world {
	if a.preparing {
		return &world{frozen: freeze(sha256.Sum256([]byte(m.info.Digest)))}
	}
	w := &world{began: m.engine.began}
	if m.snapshot != nil {
		w.began = w.began.Add(-time.Duration(m.snapshot.passed))
	}
	return w
}

// enter shows the world of an attempt; leave hides it.
func (w *world) enter(ctx context.Context, a *attempt) { w.attempt, w.ctx = a, ctx }

func (w *world) leave() { w.attempt, w.ctx = nil, nil }

func (w *world) config() wazero.ModuleConfig {
	c := wazero.NewModuleConfig().
		WithName("").         // instances of one module exist side by side
		WithStartFunctions(). // called by hand, see initialise
		WithStdin(stdin{w}).
		WithStdout(stdout{w}).
		WithStderr(stderr{w})
	if f := w.frozen; f != nil {
		return c.WithWalltime(f.walltime, microsecond).WithNanotime(f.nanotime, microsecond).WithNanosleep(f.sleep).WithRandSource(f.random)
	}
	return c.WithSysWalltime().WithNanotime(w.nanotime, 1).WithNanosleep(w.sleep).WithRandSource(rand.Reader)
}

// microsecond is how finely a frozen clock shows time.
const microsecond = sys.ClockResolution(time.Microsecond)

func (w *world) nanotime() int64 { return int64(time.Since(w.began)) }

// sleep ends with the attempt. Without that, a guest that sleeps for an hour
// holds its slot for an hour.
func (w *world) sleep(ns int64) {
	timer := time.NewTimer(min(time.Duration(ns), time.Until(w.attempt.deadline)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	}
	if why := w.attempt.over(w.ctx); why != nil {
		w.attempt.stop(why)
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
