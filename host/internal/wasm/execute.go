package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/lessee-run/lessee/abi"
)

// Execute runs one attempt in a fresh instance: envelope in, result out. The
// error is nil or an *abi.Error. What the guest says meanwhile goes to sink,
// from this goroutine. When ctx ends, so does the guest; if the cause of ctx
// is an *abi.Error, that is the error.
func (m *Module) Execute(ctx context.Context, envelope []byte, limits abi.Limits, sink abi.Sink) (abi.Result, abi.Usage, error) {
	a := newAttempt(limits, sink)
	result, err := m.execute(ctx, a, envelope)
	a.streams.flush()
	a.progress.flush()
	if err != nil {
		return abi.Result{}, a.usage(), err
	}
	return result, a.usage(), nil
}

func (m *Module) execute(ctx context.Context, a *attempt, envelope []byte) (abi.Result, error) {
	if m.info.Contract == ContractCommand {
		return m.executeCommand(ctx, a, envelope)
	}
	return m.executeCore(ctx, a, envelope)
}

// within makes an instance, gives it to use, and gets rid of it. Every failure
// comes back as an *abi.Error.
func (m *Module) within(ctx context.Context, a *attempt, use func(context.Context, api.Module) error) (err error) {
	if m.info.MemoryBytes > a.limits.MemoryBytes {
		return abi.Errorf(abi.CodeLimitMemory, "the module starts with %d bytes of memory, its limit is %d (memory_bytes)", m.info.MemoryBytes, a.limits.MemoryBytes)
	}
	if err := a.memory.reserve(a.limits.MemoryBytes); err != nil {
		return abi.Errorf(abi.CodeHostError, "%v", err)
	}
	defer a.memory.release() // runs last: see memory
	wall := abi.Errorf(abi.CodeLimitWall, "the attempt took longer than its limit of %s (wall_ms)", a.limits.Wall())
	ctx, cancel := context.WithTimeoutCause(ctx, a.limits.Wall(), wall)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = abi.Errorf(abi.CodeGuestTrap, "the engine panicked while it ran the module: %v", cause)
		}
	}()
	if err := m.instantiated(ctx, a, use); err != nil {
		return a.verdict(ctx, err)
	}
	return nil
}

func (m *Module) instantiated(ctx context.Context, a *attempt, use func(context.Context, api.Module) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithValue(experimental.WithMemoryAllocator(ctx, &a.memory), attemptKey{}, a)
	instance, err := m.runtime.InstantiateModule(ctx, m.compiled, a.streams.config(ctx))
	if err != nil {
		return err
	}
	defer instance.Close(context.WithoutCancel(ctx)) // a guest has no files, so nothing of it can fail to close
	return use(ctx, instance)
}

// decode reads the result and counts its effects.
func (a *attempt) decode(data []byte) (abi.Result, error) {
	r, err := abi.DecodeResult(data)
	if err != nil {
		return abi.Result{}, err
	}
	for _, c := range []struct {
		what  string
		count int
		limit int64
	}{
		{"events", len(r.Events), a.limits.Events},
		{"follow_ups", len(r.Enqueue), a.limits.FollowUps},
		{"commands", len(r.Commands), a.limits.Commands},
	} {
		if int64(c.count) > c.limit {
			return abi.Result{}, abi.Errorf(abi.CodeLimitEffects, "the result holds %d %s, its limit is %d", c.count, c.what, c.limit)
		}
	}
	return r, nil
}

func (a *attempt) tooLong(size int64) *abi.Error {
	return abi.Errorf(abi.CodeLimitOutput, "the result has %d bytes or more, its limit is %d (output_bytes)", size, a.limits.OutputBytes)
}
