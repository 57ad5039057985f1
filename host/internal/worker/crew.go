package worker

import "sync"

// crew are the goroutines that run attempts: as many as attempts last at once.
// To hand each attempt to a goroutine of its own costs more than a short attempt
// does, so those that wait for a goroutine stand in a line, and at most one more
// goroutine is on its way to it. Who comes calls the next one before it runs its
// attempt: none stands for long behind an attempt that lasts, and many short ones
// are run by the few that came.
type crew struct {
	run  func(assignment)
	gone sync.WaitGroup // the goroutines

	mu     sync.Mutex
	line   []assignment
	rested *sync.Cond // idle ones wait for it
	idle   int
	called bool // one is on its way
	closed bool
}

func newCrew(run func(assignment)) *crew {
	c := &crew{run: run}
	c.rested = sync.NewCond(&c.mu)
	return c
}

// start takes assignments over. It never blocks.
func (c *crew) start(going ...assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line = append(c.line, going...)
	c.call()
}

// close lets the goroutines go, once the line is empty.
func (c *crew) close() {
	c.mu.Lock()
	c.closed = true
	c.rested.Broadcast()
	c.mu.Unlock()
	c.gone.Wait()
}

// call sees to it that somebody comes for who stands in line. mu is held.
func (c *crew) call() {
	switch {
	case c.called || len(c.line) == 0:
	case c.idle > 0:
		c.called = true
		c.idle--
		c.rested.Signal()
	default:
		c.called = true
		c.gone.Go(c.serve)
	}
}

func (c *crew) serve() {
	c.mu.Lock()
	for c.called = false; ; c.called = false {
		for len(c.line) > 0 {
			next := c.line[0]
			c.line[0], c.line = assignment{}, c.line[1:] // its payload may go
			c.call()
			c.mu.Unlock()
			c.run(next)
			c.mu.Lock()
		}
		if c.closed {
			c.mu.Unlock()
			return
		}
		c.idle++
		c.rested.Wait()
	}
}
