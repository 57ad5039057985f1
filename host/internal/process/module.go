//go:build linux

package process

import (
	"context"
	"reflect"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Module is a native module that was admitted. It is safe for concurrent use,
// but for Close.
type Module struct {
	engine   *Engine
	digest   string
	artifact *artifact
	manifest *abi.Manifest

	mu      sync.Mutex
	pools   map[string]*keptPool // by class
	closing sync.WaitGroup       // of pools that nobody keeps
}

// keptPool is a pool and what it was made for.
type keptPool struct {
	*pool
	form form
}

// Manifest is what the module says of itself; nil when it says nothing.
func (m *Module) Manifest() *abi.Manifest { return m.manifest }

// Cold is empty: processes are kept.
func (m *Module) Cold() string { return "" }

// Keep names the classes that run on the module from now on. Their processes
// start at once, those of others end as soon as they are idle.
func (m *Module) Keep(classes []registry.Class) {
	m.mu.Lock()
	defer m.mu.Unlock()
	wanted := map[string]bool{}
	for _, class := range classes {
		wanted[class.Name] = true
		m.poolOf(class)
	}
	for name, p := range m.pools {
		if !wanted[name] {
			m.drop(name, p)
		}
	}
}

// drop gives a pool up. Attempts that have it go on. m.mu is held.
func (m *Module) drop(name string, p *keptPool) {
	delete(m.pools, name)
	p.retire()
	m.closing.Go(func() {
		p.drained()
		p.close()
	})
}

// Ready reports whether class can take a job, and why not, or what contains it.
func (m *Module) Ready(class registry.Class) (bool, string) {
	m.mu.Lock()
	p := m.poolOf(class)
	m.mu.Unlock()
	return p.ready()
}

// poolOf finds or makes the pool of class as it is now. m.mu is held.
func (m *Module) poolOf(class registry.Class) *keptPool {
	form := formOf(class)
	p := m.pools[class.Name]
	if p != nil && reflect.DeepEqual(p.form, form) {
		return p
	}
	if p != nil {
		m.drop(class.Name, p)
	}
	p = &keptPool{newPool(m.engine, m.order(class), sizeOf(class), m.engine.config.Changed), form}
	m.pools[class.Name] = p
	return p
}

// form is all of a class that its processes depend on.
type form struct {
	process     registry.Process
	containment registry.Containment
	memory      int64
	maxMessage  int
	size        int
}

func formOf(class registry.Class) form {
	return form{class.Process, class.Containment, class.Limits.MemoryBytes, messageOf(class.Limits), sizeOf(class)}
}

func (m *Module) order(class registry.Class) order {
	return order{
		artifact: m.artifact, process: class.Process, level: class.Containment,
		memory: class.Limits.MemoryBytes, maxMessage: messageOf(class.Limits),
		log: m.engine.config.Log.With(zap.String("class", class.Name), zap.String("module", m.digest[:12])),
	}
}

// messageOf is how long a message of either side may be.
func messageOf(l abi.Limits) int {
	const most = 1 << 30
	return int(min(max(l.OutputBytes, l.InputBytes, l.HTTPBytes, l.LogBytes)+messageSlack, most))
}

// Execute runs one attempt of class, envelope in, result out, under its limits,
// on a process of the class. The error is nil, ErrUnavailable or an *abi.Error.
// What the plugin says meanwhile goes to sink, in one call at a time. When ctx
// ends, the plugin is told to stop, and killed if it does not; if the cause of
// ctx is an *abi.Error, that is the error.
func (m *Module) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	m.mu.Lock()
	p := m.poolOf(*class)
	p.users.Add(1)
	m.mu.Unlock()
	defer p.users.Done()
	got, err := p.acquire(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = causeOf(ctx)
		}
		return abi.Result{}, abi.Usage{}, err
	}
	a := &attempt{limits: class.Limits, manifest: m.manifest, sink: sink, started: time.Now()}
	result, fit, err := got.execute(ctx, a, envelope)
	a.flush()
	p.release(got, fit, err == nil)
	if err != nil {
		return abi.Result{}, a.usage(), err
	}
	return result, a.usage(), nil
}

// Close stops every process of the module. No Execute may be running, and none
// may follow. It does not wait; the engine's Close does.
func (m *Module) Close(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, p := range m.pools {
		m.drop(name, p)
	}
	m.engine.closing.Go(func() {
		m.closing.Wait()
		m.artifact.remove()
	})
	return nil
}
