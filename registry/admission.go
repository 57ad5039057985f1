package registry

import "github.com/lessee-run/lessee/abi"

// Stage is one step of the admission of a module, as its row shows it.
type Stage struct {
	Name   string     `json:"stage"`
	State  StageState `json:"state"`
	Reason string     `json:"reason,omitempty"` // why it failed or was skipped, or what there is to know
	TookMS int64      `json:"took_ms"`
}

// StageState is how far a stage came.
type StageState string

// States of a stage.
const (
	StageRunning StageState = "running"
	StagePassed  StageState = "passed"
	StageFailed  StageState = "failed"
	StageSkipped StageState = "skipped" // does not apply to this module or this host; the reason says why
)

// The stages of the admission of a module, in their order.
const (
	StageSignature = "signature" // by the host's policy
	StageDigest    = "digest"    // the bytes are those that were registered
	StageParse     = "parse"     // contract, imports and exports; of a native module: what kind of file it is
	StageManifest  = "manifest"  // what the module says of itself can be read
	StageMeter     = "meter"     // rewritten so that its work is counted
	StageCompile   = "compile"
	StageStart     = "start"     // initialised once, of the host's ABI version
	StageSnapshot  = "snapshot"  // its state is kept for every job to start from
	StageSelfTest  = "self_test" // an instance restored from the snapshot is as the snapshot
)

// Admission is what a host found about a module.
type Admission struct {
	Status   ModuleStatus
	Reason   string        // of a refusal
	Stages   []Stage       // in order, as far as they came
	Manifest *abi.Manifest // nil: the module has none, or was not admitted
}

// ModuleStatus is how far the admission of a module came.
type ModuleStatus string

// Statuses of a module.
const (
	ModulePending  ModuleStatus = "pending"  // no host has finished its admission
	ModuleAdmitted ModuleStatus = "admitted" // a host passed it through every stage
	ModuleRefused  ModuleStatus = "refused"  // the reason says which stage failed, and why
)
