package wasm

import (
	"errors"
	"sync"
)

// idleMax is how many kept instances of a module wait for work, per memory limit.
const idleMax = 32

// pool holds kept instances that are restored and idle. An instance's memory
// limit is fixed at its birth, so there is a shelf for each.
type pool struct {
	mu     sync.Mutex
	closed bool
	idle   map[int64][]*instance
}

// take returns an idle instance, nil when there is none.
func (p *pool) take(memoryBytes int64) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	shelf := p.idle[memoryBytes]
	if len(shelf) == 0 {
		return nil
	}
	i := shelf[len(shelf)-1] // the warmest
	p.idle[memoryBytes] = shelf[:len(shelf)-1]
	return i
}

// put keeps a restored instance for later. False: there are enough.
func (p *pool) put(memoryBytes int64, i *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[memoryBytes]) >= idleMax {
		return false
	}
	if p.idle == nil {
		p.idle = map[int64][]*instance{}
	}
	p.idle[memoryBytes] = append(p.idle[memoryBytes], i)
	return true
}

func (p *pool) close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var errs []error
	for _, shelf := range idle {
		for _, i := range shelf {
			errs = append(errs, i.close())
		}
	}
	return errors.Join(errs...)
}
