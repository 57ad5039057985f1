//go:build linux

package process

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Engine runs native executors. It is safe for concurrent use, but for Close.
type Engine struct {
	config  Config
	slot    *slot
	cgroups cgroups
	forker  *forker
	users   *users
	next    atomic.Int64 // number of a process
	ctx     context.Context
	stop    context.CancelFunc
	closing sync.WaitGroup // of modules
}

// New makes an engine, and clears up what engines of killed hosts left in its
// directory.
func New(config Config) (*Engine, error) {
	if config.Dir == "" {
		config.Dir = DefaultDir()
	}
	if config.Changed == nil {
		config.Changed = func() {}
	}
	if config.Log == nil {
		config.Log = zap.NewNop()
	}
	for name, path := range config.Interpreters {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("interpreters.%s is %q: it must be an absolute path", name, path)
		}
	}
	mine, err := takeSlot(config.Dir)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Engine{config: config, slot: mine, cgroups: findCgroups(), forker: newForker(), users: newUsers(mine.number()), ctx: ctx, stop: stop}, nil
}

// Load checks the module of that digest, starts it once, asks it what it is,
// and gives an executor of it. It tells observe of each stage.
func (e *Engine) Load(ctx context.Context, digest string, source Source, observe func(registry.Stage)) (*Module, error) {
	m := &Module{engine: e, digest: digest, pools: map[string]*keptPool{}}
	var first *process
	var found *copied
	for _, stage := range []struct {
		name string
		pass func() error
	}{
		{registry.StageDigest, func() (err error) { found, err = e.copy(digest, source); return err }},
		{registry.StageParse, func() (err error) { m.artifact, err = e.parse(digest, found); return err }},
		{registry.StageStart, func() (err error) { first, err = e.start(ctx, m.order(trial())); return err }},
		{registry.StageManifest, func() (err error) { m.manifest, err = e.describe(ctx, first); return err }},
		{registry.StageSelfTest, func() error { return first.check(ctx) }},
	} {
		began := time.Now()
		observe(registry.Stage{Name: stage.name, State: registry.StageRunning})
		err := stage.pass()
		done := registry.Stage{Name: stage.name, State: registry.StagePassed, TookMS: time.Since(began).Milliseconds()}
		if err != nil {
			done.State, done.Reason = registry.StageFailed, err.Error()
		} else if stage.name == registry.StageStart {
			done.Reason = first.child.contained.String()
		}
		observe(done)
		if err != nil {
			e.discard(m, first)
			return nil, fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	first.stop(trial().Process.StopTimeout())
	return m, nil
}

func (e *Engine) describe(ctx context.Context, p *process) (*abi.Manifest, error) {
	ctx, cancel := context.WithTimeout(ctx, describeWait)
	defer cancel()
	return p.describe(ctx, e.config.Version)
}

func (e *Engine) discard(m *Module, first *process) {
	if first != nil {
		first.stop(0)
	}
	if m.artifact != nil {
		m.artifact.remove()
	}
}

// trial is the class that a module is started in to see what it is: it grants
// nothing. A plugin has to start without its grants.
func trial() registry.Class {
	return registry.Class{Name: "(admission)", Limits: abi.DefaultLimits(), Process: registry.DefaultProcess(), Containment: registry.ContainmentBest}
}

// Close waits until nothing of the modules is left, which the caller has
// closed, and gives the private directory back.
func (e *Engine) Close() {
	e.stop()
	e.closing.Wait()
	e.forker.close()
	e.slot.release()
}
