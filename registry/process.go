package registry

import "time"

// Process is the process column of a class of runtime go_plugin: what its
// processes get, and how many there are.
type Process struct {
	Env            map[string]string `json:"env,omitempty"`     // variables; a process sees no others but those of the handshake
	Secrets        map[string]string `json:"secrets,omitempty"` // variables whose values are those of secret bindings, by name
	Network        bool              `json:"network"`           // false: it has none, where the host can see to it
	Pool           int               `json:"pool,omitempty"`    // most processes at once; 0: as many as the class's concurrency
	JobsPerProcess int               `json:"jobs_per_process"`  // after which a process is replaced; 0: never
	IdleTimeoutMS  int64             `json:"idle_timeout_ms"`   // after which an idle process stops, but for one
	StartTimeoutMS int64             `json:"start_timeout_ms"`  // from the start to healthy
	StopTimeoutMS  int64             `json:"stop_timeout_ms"`   // from the polite word to the kill
	CPUs           float64           `json:"cpus"`              // of a process and its children
	PIDs           int               `json:"pids"`              // processes and threads
	Files          int               `json:"files"`             // open files
	FileBytes      int64             `json:"file_bytes"`        // of a file that it writes
}

// DefaultProcess is what a row that names no key gets.
func DefaultProcess() Process {
	return Process{
		JobsPerProcess: 1000, IdleTimeoutMS: 60_000, StartTimeoutMS: 15_000, StopTimeoutMS: 3_000,
		CPUs: 1, PIDs: 128, Files: 1024, FileBytes: 64 << 20,
	}
}

// StartTimeout is StartTimeoutMS as a duration.
func (p Process) StartTimeout() time.Duration {
	return time.Duration(p.StartTimeoutMS) * time.Millisecond
}

// StopTimeout is StopTimeoutMS as a duration.
func (p Process) StopTimeout() time.Duration {
	return time.Duration(p.StopTimeoutMS) * time.Millisecond
}

// IdleTimeout is IdleTimeoutMS as a duration.
func (p Process) IdleTimeout() time.Duration {
	return time.Duration(p.IdleTimeoutMS) * time.Millisecond
}

// Containment is how much of the containment of native executors a host must have.
type Containment string

// Containments of a class.
const (
	ContainmentBest     Containment = "best"     // what the host can do; class show says what that is
	ContainmentRequired Containment = "required" // all of it, or the class is not ready
	ContainmentOff      Containment = "off"      // only what killing it takes
)
