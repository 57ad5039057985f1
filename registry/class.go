package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// Runtime is how a class runs its executor.
type Runtime string

// The four runtimes of the design. [Runtime.Supported] tells which of them
// this version can run.
const (
	RuntimeWASM     Runtime = "wasm"
	RuntimeGoPlugin Runtime = "go_plugin"
	RuntimeCommand  Runtime = "command"
	RuntimeHuman    Runtime = "human"
)

// Supported reports whether this version of the host runs r.
func (r Runtime) Supported() bool {
	return r == RuntimeWASM || r == RuntimeGoPlugin || r == RuntimeCommand
}

// Class is a row of executor_class_registry as a host needs it.
type Class struct {
	Name         string
	Runtime      Runtime
	ModuleDigest string // hex sha256 of the module that runs; empty unless the runtime takes one
	NextDigest   string // the module that will run as soon as every host is ready for it; empty: none
	PrevDigest   string // the module that ran before; kept where it is still loaded, so that going back is quick
	Candidate    Candidate
	Command      string // name in dot_function_registry; only for RuntimeCommand
	Enabled      bool
	Limits       abi.Limits
	Retry        RetryPolicy
	Grants       Grants
	Config       json.RawMessage
	Concurrency  int // attempts at once on one host
	Isolation    Isolation
	Process      Process     // only for RuntimeGoPlugin
	Containment  Containment // only for RuntimeGoPlugin
	Status       Status
	StatusReason string
	Faults       map[string]string // why the class can't run on a module, by its digest, as the database found in its manifest
	Broken       string            // why the row could not even be read; empty otherwise
}

// Isolation is what an attempt shares with those before it.
type Isolation string

// Isolations of a class.
const (
	IsolationJob   Isolation = "job"   // nothing: every attempt starts from the module's initial state
	IsolationReuse Isolation = "reuse" // an instance that earlier attempts of the class have used, as they left it
)

// Candidate is a module on trial.
type Candidate struct {
	Digest  string // hex sha256; empty: none
	Percent int    // of the class's jobs that run on it, 0 to 100
}

// For returns the class for one attempt: c itself, or for a share of the jobs
// one that runs on the candidate. Only first attempts do, so that a bad candidate
// burns no job's last attempt, and the two versions' failure rates compare alike
// work.
func (c *Class) For(jobID int64, attempt int) *Class {
	const golden = 0x9e3779b97f4a7c15 // spreads neighbouring ids (Knuth)
	if c.Candidate.Digest != "" && attempt == 1 && int(uint64(jobID)*golden>>32%100) < c.Candidate.Percent {
		trial := *c
		trial.ModuleDigest = c.Candidate.Digest
		return &trial
	}
	return c
}

// RetryPolicy is the retry_policy column. The database reckons when a retry is
// due; the host needs only what tells retryable from permanent.
type RetryPolicy struct {
	MaxAttempts    int        `json:"max_attempts"`
	BaseMS         int64      `json:"base_ms"`
	Factor         float64    `json:"factor"`
	CapMS          int64      `json:"cap_ms"`
	Jitter         float64    `json:"jitter"`
	MaxCrashes     int        `json:"max_crashes"`
	PermanentCodes []abi.Code `json:"permanent_codes"`
}

// Permanent reports whether a failure with this code goes straight to the dead letters.
func (p RetryPolicy) Permanent(code abi.Code) bool {
	for _, c := range p.PermanentCodes {
		if c == code {
			return true
		}
	}
	return false
}

// Grants is what a class may ask for. Everything absent is denied.
type Grants struct {
	Classes  []string    `json:"classes,omitempty"`  // follow-ups
	Commands []string    `json:"commands,omitempty"` // registered functions
	Events   []string    `json:"events,omitempty"`   // event types
	HTTP     []HTTPGrant `json:"http,omitempty"`     // where requests may go; the first that fits decides
}

// Status is what the system found about a class; Enabled is what the operator wants.
type Status string

// Statuses of a class.
const (
	StatusPending Status = "pending" // changed; no host has reported yet
	StatusActive  Status = "active"  // a host runs it
	StatusBroken  Status = "broken"  // no host can run it; the reason says why
)

// Module is a row of executor_module_registry without its bytes.
type Module struct {
	Digest     string // hex sha256 of the bytes
	Name       string
	Version    string
	ABI        string // "core", "command" or "grpc"
	Size       int64  // bytes
	AddedBy    string
	AddedAt    time.Time
	ExitPath   string // how to live without it
	Location   string // where the bytes are, when not in the row
	StoredHere bool   // the row holds the bytes
}

// Validate reports the first reason why a host can't run c, in words an
// operator can act on. The database's constraints catch the same mistakes
// earlier; this is the host's defence against rows that got past them.
func (c Class) Validate() error {
	switch {
	case c.Broken != "":
		return errors.New(c.Broken)
	case !c.Runtime.Supported():
		return fmt.Errorf("runtime %q is not in this version of the host: use wasm, go_plugin or command, or upgrade the host", c.Runtime)
	case c.Runtime != RuntimeCommand && c.ModuleDigest == "":
		return fmt.Errorf("runtime %s needs a module: lessee class set %s --module NAME@VERSION", c.Runtime, c.Name)
	case c.Runtime == RuntimeCommand && c.Command == "":
		return fmt.Errorf("runtime command needs a registered command: lessee class set %s --command NAME", c.Name)
	case c.Concurrency < 1:
		return fmt.Errorf("concurrency_per_host is %d: it must be at least 1", c.Concurrency)
	case c.Limits.WallMS < 1 || c.Limits.MemoryBytes < 64<<10 || c.Limits.OutputBytes < 1:
		return fmt.Errorf("limits are out of range: wall_ms and output_bytes at least 1, memory_bytes at least 65536")
	}
	return nil
}
