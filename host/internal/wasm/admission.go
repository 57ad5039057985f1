package wasm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
	"github.com/lessee-run/lessee/registry"
)

// admission is a module on its way in, stage by stage.
type admission struct {
	module   *Module
	digest   string // that it must have
	binary   []byte
	metered  []byte // the rewritten module
	outline  *outline
	instance *instance // that was started, to have its state kept; nil for commands
	note     string    // what there is to know of the stage under way
	observe  func(registry.Stage)
}

// Load admits a module: its bytes must have the digest, its contract must be
// known, its imports provided, and its ABI version the host's. It is rewritten
// so that it is metered, compiled, initialised once, and its state kept. The
// error names the stage that failed, why, and what to do. Loading takes a second
// or so for a module of some megabytes, less when the cache knows it.
//
// observe, if not nil, hears of each stage when it begins and when it ended,
// in the order of the constants in package registry, from this goroutine.
func (e *Engine) Load(ctx context.Context, digest string, binary []byte, observe func(registry.Stage)) (*Module, error) {
	if observe == nil {
		observe = func(registry.Stage) {}
	}
	timeout := fmt.Errorf("it did not end within the %s that a module has to be admitted: the module is too large, or the machine too busy", e.config.LoadTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, e.config.LoadTimeout, timeout)
	defer cancel()
	a := &admission{module: &Module{engine: e}, digest: digest, binary: binary, observe: observe}
	err := a.run(ctx)
	if a.instance != nil {
		err = errors.Join(err, a.instance.close())
	}
	if err != nil {
		_ = a.module.Close(ctx) // the reason for the refusal matters more
		return nil, err
	}
	return a.module, nil
}

func (a *admission) run(ctx context.Context) error {
	for _, stage := range []struct {
		name string
		work func(context.Context) error
	}{
		{registry.StageDigest, a.checkDigest},
		{registry.StageParse, a.parse},
		{registry.StageManifest, a.readManifest},
		{registry.StageMeter, a.meter},
		{registry.StageCompile, a.compile},
		{registry.StageStart, a.start},
		{registry.StageSnapshot, a.keepState},
		{registry.StageSelfTest, a.selfTest},
	} {
		if err := a.stage(ctx, stage.name, stage.work); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return nil
}

// skipped is the error of a stage that does not apply.
type skipped struct{ reason string }

func (s skipped) Error() string { return s.reason }

// stage runs one stage and tells of it.
func (a *admission) stage(ctx context.Context, name string, work func(context.Context) error) error {
	a.observe(registry.Stage{Name: name, State: registry.StageRunning})
	began := time.Now()
	a.note = ""
	err := context.Cause(ctx)
	if err == nil {
		err = work(ctx)
	}
	ended := registry.Stage{Name: name, State: registry.StagePassed, Reason: a.note, TookMS: time.Since(began).Milliseconds()}
	why := skipped{}
	switch {
	case errors.As(err, &why):
		ended.State, ended.Reason, err = registry.StageSkipped, why.reason, nil
	case err != nil:
		ended.State, ended.Reason = registry.StageFailed, err.Error()
	}
	a.observe(ended)
	return err
}

func (a *admission) checkDigest(context.Context) error {
	if size, most := int64(len(a.binary)), a.module.engine.config.MaxModuleBytes; size > most {
		return fmt.Errorf("the module has %d bytes, the host takes up to %d: strip it (-ldflags='-s -w')", size, most)
	}
	if got := digestOf(a.binary); got != a.digest {
		return fmt.Errorf("the bytes have digest %s, not %s: the module was damaged or replaced. Add it again", got, a.digest)
	}
	return nil
}

func (a *admission) parse(context.Context) (err error) {
	a.outline, a.module.info, err = parse(a.binary)
	return err
}

func (a *admission) readManifest(context.Context) (err error) {
	if len(a.outline.manifests) == 0 {
		return skipped{"the module carries none"}
	}
	a.module.info.Manifest, err = a.outline.manifest()
	return err
}

func (a *admission) meter(ctx context.Context) error {
	binary := a.binary
	metered, err := heavy(ctx, a, registry.StageMeter, func() (meter.Result, error) {
		return meter.Rewrite(binary, meter.Options{ExportGlobals: true})
	}, func(meter.Result) {})
	if err != nil {
		return err
	}
	m := a.module
	a.metered, m.facts, m.names, m.cold = metered.Module, metered.Facts, metered.Names, coldReason(m.info.Contract, metered.Facts)
	return nil
}

func (a *admission) compile(ctx context.Context) (err error) {
	m, metered := a.module, a.metered
	m.code, err = heavy(ctx, a, registry.StageCompile, func() (*code, error) {
		return m.engine.compile(ctx, metered)
	}, m.engine.freeCode)
	if err != nil {
		return err
	}
	m.codeSize = int64(len(metered))
	_, m.reseeds = m.code.module.ExportedFunctions()[abi.ExportReseed]
	return nil
}

// heavy is [bounded] for work that takes a processor for a while: as much of it
// as there are processors is done at once, over all admissions. Work that was
// given up counts until it ends.
func heavy[T any](ctx context.Context, a *admission, stage string, work func() (T, error), free func(T)) (none T, err error) {
	turn := a.module.engine.turns
	select {
	case turn <- struct{}{}:
	default:
		a.observe(registry.Stage{Name: stage, State: registry.StageRunning, Reason: "waits for another module's compilation"})
		select {
		case turn <- struct{}{}:
			a.observe(registry.Stage{Name: stage, State: registry.StageRunning})
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
	return bounded(ctx, func() (T, error) {
		defer func() { <-turn }()
		return work()
	}, free)
}

// keepState takes the snapshot. A module of which none can be taken is
// admitted all the same, and runs cold.
func (a *admission) keepState(context.Context) (err error) {
	m := a.module
	if m.cold != "" {
		return skipped{m.cold}
	}
	if m.snapshot, err = m.take(a.instance); err != nil {
		m.cold = "its state could not be kept: " + err.Error()
		m.engine.config.Log.Warn("a module runs cold", zap.String("module", m.info.Digest), zap.Error(err))
		return skipped{m.cold}
	}
	return nil
}
