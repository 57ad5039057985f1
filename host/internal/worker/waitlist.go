package worker

import (
	"slices"
	"time"
)

// waiter is a granted job that waits for a slot.
type waiter struct {
	grant *grant
	since time.Time
	place int // in the order in which all came
}

// waitlist holds the granted jobs that wait for a slot: by class, first in first out.
type waitlist struct {
	lines  map[string][]waiter // by class; none is empty
	filled map[string]int      // how long each was when it last grew
	count  int
	last   int // place of the newest
}

func (l *waitlist) push(g *grant, now time.Time) {
	if l.lines == nil {
		l.lines, l.filled = map[string][]waiter{}, map[string]int{}
	}
	l.last++
	class := g.job.Class
	l.lines[class] = append(l.lines[class], waiter{g, now, l.last})
	l.filled[class] = len(l.lines[class])
	l.count++
}

// pop takes out the first of a class that has one.
func (l *waitlist) pop(class string) waiter {
	line := l.lines[class]
	first := line[0]
	line[0] = waiter{} // its payload may go
	l.set(class, line[1:])
	return first
}

// withdraw takes out one grant. False: it does not wait.
func (l *waitlist) withdraw(g *grant) bool {
	line := l.lines[g.job.Class]
	i := slices.IndexFunc(line, func(w waiter) bool { return w.grant == g })
	if i >= 0 {
		l.set(g.job.Class, slices.Delete(line, i, i+1))
	}
	return i >= 0
}

// clear takes out all of a class.
func (l *waitlist) clear(class string) (grants []*grant) {
	for _, w := range l.lines[class] {
		grants = append(grants, w.grant)
	}
	l.set(class, nil)
	return grants
}

func (l *waitlist) set(class string, line []waiter) {
	l.count += len(line) - len(l.lines[class])
	if l.lines[class] = line; len(line) == 0 {
		delete(l.lines, class)
		delete(l.filled, class)
	}
}

// low reports whether half of a line is gone since it last grew: to ask for
// more with every job that leaves would be a claim per job.
func (l *waitlist) low(class string) bool { return len(l.lines[class]) <= l.filled[class]/2 }

// oldest is since when somebody waits; the zero time if nobody does.
func (l *waitlist) oldest() (since time.Time) {
	for _, line := range l.lines {
		if since.IsZero() || line[0].since.Before(since) {
			since = line[0].since
		}
	}
	return since
}
