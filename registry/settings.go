package registry

import "time"

// Settings are the rows of runtime_setting that a host obeys.
type Settings struct {
	Phase  Phase
	Notify bool          // false: hosts poll only
	Poll   time.Duration // an idle host looks for work every two of these, every eight while it is told of work by NOTIFY
}

// Phase is the setting queue.runtime.phase.
type Phase string

// The three phases. In the last two the database grants no claim.
const (
	PhaseRunning  Phase = "running"
	PhaseDraining Phase = "draining" // what runs ends
	PhaseStopped  Phase = "stopped"  // what runs is interrupted and given back
)

// DefaultSettings are those of the first migration.
func DefaultSettings() Settings {
	return Settings{Phase: PhaseRunning, Notify: true, Poll: time.Second}
}
