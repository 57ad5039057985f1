package sdk

import (
	"context"
	"sync"
	"time"
)

// attemptContext is the context of a handler. It is one of
// [context.WithDeadline] as far as a handler can see, but makes that only when
// somebody waits for it. Its timer took 18,000 units of fuel, where a small job
// takes 270,000.
type attemptContext struct {
	context.Context // the adapter's
	attempt         *attempt

	mu      sync.Mutex
	waited  context.Context // nil: nobody asked for Done yet
	release context.CancelFunc
	over    bool
}

func (c *attemptContext) Deadline() (time.Time, bool) {
	own := c.attempt.envelope.Job.Deadline
	outer, ok := c.Context.Deadline()
	if own.IsZero() || (ok && outer.Before(own)) {
		return outer, ok
	}
	return own, true
}

func (c *attemptContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wait().Done()
}

// wait makes the context that can be waited for.
func (c *attemptContext) wait() context.Context {
	if c.waited == nil {
		c.waited, c.release = c.timed()
		if c.over {
			c.release()
		}
	}
	return c.waited
}

func (c *attemptContext) timed() (context.Context, context.CancelFunc) {
	if deadline := c.attempt.envelope.Job.Deadline; !deadline.IsZero() {
		return context.WithDeadline(c.Context, deadline)
	}
	return context.WithCancel(c.Context)
}

// Err makes no timer: it looks at the clock.
func (c *attemptContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline, ok := c.Deadline()
	if c.waited != nil || c.over || (ok && !time.Now().Before(deadline)) {
		return c.wait().Err()
	}
	return c.Context.Err()
}

func (c *attemptContext) Value(key any) any {
	if key == (attemptKey{}) {
		return c.attempt
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waited != nil { // where package context finds its own, and needs no goroutine to watch this one
		return c.waited.Value(key)
	}
	return c.Context.Value(key)
}

// end is for when the handler has returned.
func (c *attemptContext) end() {
	c.mu.Lock()
	c.over = true
	release := c.release
	c.mu.Unlock()
	if release != nil {
		release()
	}
}
