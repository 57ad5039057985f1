package wasm

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/tetratelabs/wazero"
)

// streams are an instance's standard streams.
type streams struct {
	stdin  io.Reader
	stdout io.Writer
	stderr stream
}

// config is all that a guest can see of the world: clocks, randomness, its
// three streams. No argument, no variable, no file.
func (s *streams) config(ctx context.Context) wazero.ModuleConfig {
	return wazero.NewModuleConfig().
		WithName("").         // instances of one module exist side by side
		WithStartFunctions(). // called by hand, see initialise
		WithSysWalltime().
		WithSysNanotime().
		WithNanosleep(sleepUntil(ctx)).
		WithRandSource(rand.Reader).
		WithStdin(s.stdin).
		WithStdout(s.stdout).
		WithStderr(&s.stderr)
}

// flush passes on last lines that were not ended.
func (s *streams) flush() {
	s.stderr.flush()
	if out, ok := s.stdout.(*stream); ok {
		out.flush()
	}
}

// sleepUntil is a sleep that ends with ctx. Without it, a guest that sleeps
// for an hour holds its slot for an hour.
func sleepUntil(ctx context.Context) func(int64) {
	return func(ns int64) {
		timer := time.NewTimer(time.Duration(ns))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}
