package wasm

import (
	"context"
	"fmt"

	"github.com/lessee-run/lessee/abi"
)

// WarmUpClass is the class that a warm-up call is told to be of.
const WarmUpClass = "warm_up"

// prepareLimits bound what a module may do before it has a class.
func prepareLimits() abi.Limits {
	limits := abi.DefaultLimits()
	limits.WallMS, limits.MemoryBytes = 10_000, 1<<30
	return limits
}

// newPreparation is the attempt in whose name a module runs before it has a
// class: with no rights, and nobody who hears it.
func newPreparation() *attempt {
	a := newAttempt(prepareLimits(), discard{})
	a.stdout = &stream{log: &a.log}
	a.preparing = true
	return a
}

// start instantiates the module once. That links its imports; a core module
// then initialises, tells its ABI version, and does what its manifest asks for
// as warm-up.
func (a *admission) start(ctx context.Context) error {
	attempt := newPreparation()
	err := a.module.guarded(ctx, attempt, func(ctx context.Context) (err error) {
		if a.instance, err = a.module.instantiate(ctx, attempt); err != nil || a.module.info.Contract != ContractCore {
			return err
		}
		return during(ctx, a.instance, attempt, checkVersion)
	})
	if err != nil {
		return err
	}
	return a.warmUp(ctx)
}

// during lets an instance work for an attempt.
func during(ctx context.Context, i *instance, a *attempt, work func(context.Context, *instance) error) error {
	i.begin(ctx, a)
	defer i.end(a)
	return work(ctx, i)
}

func checkVersion(ctx context.Context, i *instance) error {
	version, err := askVersion(ctx, i)
	if err == nil && version != abi.Version {
		return abi.Errorf(abi.CodeABIMismatch, "the module speaks ABI v%d, this host v%d: build it with the SDK of the host's release, or change the host's", version, abi.Version)
	}
	return err
}

// warmUp runs the calls that the manifest asks for. Modules that run cold get
// none: nothing of it would be kept.
func (a *admission) warmUp(ctx context.Context) error {
	manifest := a.module.info.Manifest
	if manifest == nil || len(manifest.WarmUp) == 0 {
		return nil
	}
	if a.module.cold != "" {
		a.note = "its warm-up calls are left out, because the module runs cold"
		return nil
	}
	for n, payload := range manifest.WarmUp {
		if err := a.module.warmUpCall(ctx, a.instance, payload); err != nil {
			return fmt.Errorf("warm-up call %d: %w", n+1, err)
		}
	}
	a.note = fmt.Sprintf("%d warm-up calls", len(manifest.WarmUp))
	return nil
}

func (m *Module) warmUpCall(ctx context.Context, i *instance, payload []byte) error {
	attempt := newPreparation()
	envelope, err := abi.EncodeEnvelope(abi.Envelope{ABI: abi.Version, Job: abi.Job{Class: WarmUpClass, Attempt: 1, MaxAttempts: 1}, Payload: payload})
	if err != nil {
		return err
	}
	var result abi.Result
	err = m.guarded(ctx, attempt, func(ctx context.Context) error {
		return during(ctx, i, attempt, func(ctx context.Context, i *instance) (err error) {
			result, err = attempt.exchange(ctx, i, envelope)
			return err
		})
	})
	switch {
	case err != nil:
		return err
	case attempt.failed && result.Error != nil:
		return fmt.Errorf("it ended as %s: %w", result.Status, result.Error)
	case attempt.failed:
		return fmt.Errorf("it ended as %s", result.Status)
	}
	return nil
}

type discard struct{}

func (discard) Log(abi.Level, string) {}

func (discard) Progress(int, string) {}
