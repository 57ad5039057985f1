package job

import "time"

// Report is what a host tells with each heartbeat.
type Report struct {
	Held     []Held
	InFlight int // how many it holds, those too that it does not name yet
	Classes  map[string]Readiness
}

// Held is a grant that the host has not settled yet.
type Held struct {
	JobID     int64  `json:"job_id"`
	Fence     int    `json:"fence"`
	StartedMS *int64 `json:"started_ms"` // age of the attempt in milliseconds; null: not started

	Progress *Progress `json:"progress,omitempty"` // nil: it tells of none
}

// Progress is how far an executor says an attempt is.
type Progress struct {
	Permille int    `json:"permille"`
	Note     string `json:"note"`
}

// Readiness says whether a host can run a class, why not, or in what lesser way.
type Readiness struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"`
	Module string `json:"module,omitempty"` // digest of the module it would run

	Next      *Readiness `json:"next,omitempty"`      // of the module that the class is pointed at, while another serves
	Candidate *Readiness `json:"candidate,omitempty"` // of the module on trial
}

// Renewal is the answer to a heartbeat.
type Renewal struct {
	Alive bool          // false: the lease is over for good
	TTL   time.Duration // from before the call
	Stop  []Stop
	Sweep bool // a sweep would find something
}

// Stop tells a host to stop an attempt.
type Stop struct {
	JobID int64  `json:"job_id"`
	Fence int    `json:"fence"`
	Why   string `json:"why"` // cancel; lost: the job is not this lease's any more
}

// Why of a Stop.
const (
	StopCancel = "cancel"
	StopLost   = "lost"
)

// Ask is what a host asks for with a claim.
type Ask struct {
	Wants  []Want
	Limit  int         // over all of them
	Fronts []Front     // of the classes that have any, only what lies behind these is looked at
	Over   []time.Time // when the lease was granted jobs of which it holds none any more
}

// Want asks for jobs of one class.
type Want struct {
	Class string
	Slots int  // at most so many
	Turn  bool // its line may be long: only if nobody else claims of it at this moment
	List  bool // its line is long: with a turn, the grants need not be written into the jobs' rows
}

// Look is what a host that nobody tells of work finds in one question.
type Look struct {
	Claimed
	Next    time.Duration // until the next job is due; negative: none waits
	Version int64         // of the registry
}

// Claimed is what a claim brought.
type Claimed struct {
	Jobs   []Job
	Others []string // classes of which it was another's turn
}

// Swept counts what a sweep did.
type Swept struct {
	Rescued, Overdue, Expired int
}
