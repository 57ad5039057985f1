package wasm

import (
	"context"

	"github.com/lessee-run/lessee/abi"
)

// prepareLimits bound what a module may do before it has a class.
func prepareLimits() abi.Limits {
	limits := abi.DefaultLimits()
	limits.WallMS, limits.MemoryBytes = 10_000, 1<<30
	return limits
}

// start instantiates the module once. That links its imports; a core module
// then initialises, and tells its ABI version.
func (a *admission) start(ctx context.Context) error {
	m := a.module
	attempt := newAttempt(prepareLimits(), discard{})
	attempt.stdout = &stream{log: &attempt.log}
	return m.guarded(ctx, attempt, func(ctx context.Context) (err error) {
		if a.instance, err = m.instantiate(ctx, attempt); err != nil || m.info.Contract != ContractCore {
			return err
		}
		a.instance.begin(ctx, attempt)
		defer a.instance.end(attempt)
		version, err := askVersion(ctx, a.instance)
		if err == nil && version != abi.Version {
			err = abi.Errorf(abi.CodeABIMismatch, "the module speaks ABI v%d, this host v%d: build it with the SDK of the host's release, or change the host's", version, abi.Version)
		}
		return err
	})
}

type discard struct{}

func (discard) Log(abi.Level, string) {}

func (discard) Progress(int, string) {}
