package job

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// ErrUnreadable fails a commit because of the data in it: the same outcomes
// can only fail the same.
var ErrUnreadable = errors.New("the database can't read the outcomes")

// ErrTimeout fails a commit that took longer than the caller allowed.
var ErrTimeout = errors.New("the commit ran out of time")

// Outcome is what a host reports of a grant: lessee.job_outcome, field by field.
type Outcome struct {
	JobID        int64           `json:"job_id"`
	Fence        int             `json:"fence"`
	Attempt      int             `json:"attempt"`
	Word         Word            `json:"word"`
	Output       json.RawMessage `json:"output,omitempty"`
	Error        *abi.Error      `json:"error,omitempty"`
	RetryAfterMS int64           `json:"retry_after_ms,omitempty"`
	Events       []abi.Event     `json:"events,omitempty"`
	Enqueue      []abi.FollowUp  `json:"enqueue,omitempty"`
	Commands     []abi.Command   `json:"commands,omitempty"`
	Usage        *abi.Usage      `json:"usage,omitempty"`
	Requests     json.RawMessage `json:"requests,omitempty"` // HTTP, one record each
	LogTail      string          `json:"log_tail,omitempty"`
	SpanID       string          `json:"span_id"`
	ModuleDigest string          `json:"module_sha256,omitempty"`
	LeasedAt     time.Time       `json:"-"` // of the grant, and
	Listed       Listing         `json:"-"` // where to look for it
}

// Plain reports whether o succeeded and asks for nothing that could fail.
func (o Outcome) Plain() bool {
	return o.Word == Succeed && o.Error == nil && o.LogTail == "" && len(o.Events)+len(o.Enqueue)+len(o.Commands) == 0
}

// Failed returns o as a failure: no output, no effects, this word and error.
func (o Outcome) Failed(word Word, err *abi.Error) Outcome {
	o.Word, o.Error, o.Output = word, err, nil
	o.Events, o.Enqueue, o.Commands = nil, nil, nil
	return o
}

// Printable returns o with the texts that Postgres could refuse made fit for
// it: no NUL, no broken UTF-8. What a guest wrote into JSON is not touched.
func (o Outcome) Printable() Outcome {
	o.LogTail = printable(o.LogTail)
	if o.Error != nil {
		o.Error = &abi.Error{Code: abi.Code(printable(string(o.Error.Code))), Message: printable(o.Error.Message), Detail: o.Error.Detail}
	}
	return o
}

func printable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Verdict is the database's answer to an outcome.
type Verdict struct {
	JobID   int64
	Fence   int
	Verdict string // accepted, changed, stale
	State   State  // where the job is now; empty when stale
	Code    abi.Code
	Message string
}

// Verdicts of a commit.
const (
	Accepted = "accepted" // written as asked
	Changed  = "changed"  // written, but the law decided otherwise: State, Code and Message say what
	Stale    = "stale"    // nothing written: the job is not this lease's any more
)
