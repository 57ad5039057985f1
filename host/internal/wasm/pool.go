package wasm

import (
	"errors"
	"sync"

	"github.com/lessee-run/lessee/registry"
)

// idleMax is how many kept instances of a module wait for work, per shelf.
const idleMax = 32

// pool holds kept instances that are idle.
type pool struct {
	mu     sync.Mutex
	closed bool
	idle   map[shelf][]*instance
}

// shelf is where an instance waits. Whoever takes it from there may have it:
// attempts under its memory limit, which is fixed at its birth, and if earlier
// attempts left traces in it, only those of the same class.
type shelf struct {
	memoryBytes int64
	class       string // whose traces are in it; empty: none are
}

// shelfOf is the shelf of a class. A program of the command contract can't be
// used twice.
func (m *Module) shelfOf(class *registry.Class) shelf {
	s := shelf{memoryBytes: class.Limits.MemoryBytes}
	if class.Isolation == registry.IsolationReuse && m.info.Contract == ContractCore {
		s.class = class.Name
	}
	return s
}

// reused says whether the shelf's instances are used on as attempts left them.
func (s shelf) reused() bool { return s.class != "" }

// take returns an idle instance, nil when there is none.
func (p *pool) take(s shelf) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := p.idle[s]
	if len(waiting) == 0 {
		return nil
	}
	i := waiting[len(waiting)-1] // the warmest
	p.idle[s] = waiting[:len(waiting)-1]
	return i
}

// put keeps an instance for later. False: there are enough.
func (p *pool) put(s shelf, i *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[s]) >= idleMax {
		return false
	}
	if p.idle == nil {
		p.idle = map[shelf][]*instance{}
	}
	p.idle[s] = append(p.idle[s], i)
	return true
}

func (p *pool) close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var errs []error
	for _, waiting := range idle {
		for _, i := range waiting {
			errs = append(errs, i.close())
		}
	}
	return errors.Join(errs...)
}
