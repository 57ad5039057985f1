package bench

import (
	"fmt"
	"time"
)

// Executors of a measurement.
const (
	ExecutorNone = "none" // answers inside the host
	ExecutorWASM = "wasm" // a module that only answers, in a clean sandbox per job
)

// Config says what to measure.
type Config struct {
	DSN      string        `json:"-"`        // of a login that owns the schema
	Executor string        `json:"executor"` // see ExecutorNone
	Hosts    int           `json:"hosts"`    // in this process, each with a lease of its own
	Slots    int           `json:"slots"`    // of each host
	Conns    int           `json:"conns"`    // of each host
	Classes  int           `json:"classes"`  // that the jobs are of, in turn
	Jobs     int           `json:"jobs"`     // to drain
	Rate     int           `json:"rate"`     // jobs a second, enqueued one by one
	For      time.Duration `json:"for"`      // how long at that rate
	Work     time.Duration `json:"work"`     // that an attempt takes
	Writers  int           `json:"writers"`  // connections that enqueue
	Payload  int           `json:"payload"`  // bytes of text in each payload

	Repeat    int      `json:"repeat"`           // repetitions, of the measurements that have any
	Module    string   `json:"module,omitempty"` // file of the module for ExecutorWASM; empty: one that only answers
	Keep      bool     `json:"keep,omitempty"`   // leave everything in the database, to look at it
	Keys      int      `json:"keys,omitempty"`   // idempotency keys among the jobs
	Scheduled int      `json:"scheduled,omitempty"`
	Before    int      `json:"before,omitempty"` // jobs that run before a steady rate, as many at once as go
	Batch     int      `json:"batch,omitempty"`  // jobs of a claim
	Host      []string `json:"-"`                // the command that runs ServeHost, in a process of its own
}

// Default is a measurement that takes some seconds.
func Default() Config {
	return Config{Executor: ExecutorNone, Hosts: 1, Slots: 1000, Conns: 8, Classes: 1, Jobs: 50_000, Rate: 50, For: 10 * time.Second, Writers: 4, Repeat: 3, Batch: 200}
}

// Validate reports the first setting that can't work.
func (c Config) Validate() error {
	for _, n := range []struct {
		name  string
		value int
		most  int
	}{{"hosts", c.Hosts, 64}, {"slots", c.Slots, 10_000}, {"classes", c.Classes, 1000}, {"jobs", c.Jobs, 100_000_000}, {"rate", c.Rate, 1_000_000}, {"writers", c.Writers, 100}, {"repeat", c.Repeat, 1000}, {"batch", c.Batch, 10_000}} {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("%s is %d: it must be from 1 to %d", n.name, n.value, n.most)
		}
	}
	if c.Before < 0 {
		return fmt.Errorf("before is %d: it must be 0 or more", c.Before)
	}
	if c.Executor != ExecutorNone && c.Executor != ExecutorWASM {
		return fmt.Errorf("executor is %q: it must be %s or %s", c.Executor, ExecutorNone, ExecutorWASM)
	}
	return nil
}
