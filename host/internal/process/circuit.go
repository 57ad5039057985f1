//go:build linux

package process

import (
	"fmt"
	"slices"
	"time"
)

// circuit decides when a class may start another process. Deaths make the
// next start wait, longer each time; a budget of them spent opens the circuit,
// and then the class is not ready until one process, started on trial, lives.
type circuit struct {
	deaths []time.Time // within the window
	row    int         // starts or processes that failed, one after the other
	opened int         // times that it opened without a job done in between
	until  time.Time   // no start before
	open   bool
	reason string // of the last death
}

const (
	crashBudget  = 5
	crashWindow  = time.Minute
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 5 * time.Second
	firstOpen    = 10 * time.Second
	lastOpen     = 5 * time.Minute
)

// died notes an end that nobody asked for.
func (c *circuit) died(now time.Time, reason string) {
	c.reason = reason
	c.row++
	c.until = now.Add(min(firstBackoff<<min(c.row-1, 10), lastBackoff))
	c.deaths = append(slices.DeleteFunc(c.deaths, func(t time.Time) bool { return now.Sub(t) >= crashWindow }), now)
	if c.open || len(c.deaths) >= crashBudget { // a trial gets no second one
		c.open = true
		c.until = now.Add(min(firstOpen<<min(c.opened, 10), lastOpen))
		c.opened++
	}
}

// worked notes a job that a process did, or a trial that lived.
func (c *circuit) worked() {
	*c = circuit{deaths: c.deaths[:0]}
}

// lived notes that a process was healthy after its start.
func (c *circuit) lived() {
	if c.open { // what the trial is worth its jobs will show
		c.open, c.deaths = false, c.deaths[:0]
	}
}

// closed reports whether processes may be started now, and if not, when.
func (c *circuit) closed(now time.Time) (bool, time.Duration) {
	return !now.Before(c.until), c.until.Sub(now)
}

// String is why the class is not ready.
func (c *circuit) String() string {
	if !c.open {
		return c.reason
	}
	return fmt.Sprintf("its processes died %d times in %s, so none is started until %s: %s", crashBudget, crashWindow, c.until.UTC().Format(time.TimeOnly), c.reason)
}
