package job

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Lease is a host's right to hold jobs.
type Lease struct {
	ID  int64
	TTL time.Duration // from the moment before the call that granted or renewed it
}

// Job is one grant: a job in one attempt, held under one fence.
type Job struct {
	ID              int64
	Class           string
	Priority        int
	RunAt           time.Time // with Priority and ID its place in the queue
	Fence           int       // +1 with every claim of this job, never reused
	Attempt         int
	MaxAttempts     int
	LeasedAt        time.Time
	Listed          Listing // how the database finds the grant if no row says so
	EnqueuedAt      time.Time
	IdempotencyKey  string
	Payload         json.RawMessage
	Trace           abi.TraceContext // SpanID is the enqueuer's
	Tracestate      string
	RegistryVersion int64 // of the database at the moment of the claim
}

// Listing is where a grant is listed by its claim: the zero value is that of one
// that stands in its job's row.
type Listing struct {
	Place int // from 1, in the lists of the claim one after another
	Of    int // how long they are together
}

// InOrder sorts jobs by the order in which they are claimed: a step of priority is
// worth a second of waiting. A function would get a copy of each two that it compares.
type InOrder []Job

func (o InOrder) Len() int      { return len(o) }
func (o InOrder) Swap(i, j int) { o[i], o[j] = o[j], o[i] }
func (o InOrder) Less(i, j int) bool {
	a, b := &o[i], &o[j]
	return cmp.Or(a.rank().Compare(b.rank()), cmp.Compare(a.ID, b.ID)) < 0
}

func (j *Job) rank() time.Time { return j.RunAt.Add(time.Duration(j.Priority) * time.Second) }

// Envelope is what the executor of class gets for j. spanID is the attempt's own.
func (j *Job) Envelope(class *registry.Class, spanID string) abi.Envelope {
	span := j.Trace
	span.SpanID = spanID
	return abi.Envelope{
		ABI: abi.Version,
		Job: abi.Job{
			ID:             j.ID,
			Class:          j.Class,
			Attempt:        j.Attempt,
			MaxAttempts:    j.MaxAttempts,
			EnqueuedAt:     j.EnqueuedAt.UTC(),
			Deadline:       j.LeasedAt.Add(class.Limits.Wall()).UTC(),
			IdempotencyKey: j.IdempotencyKey,
		},
		Trace:   abi.Trace{Traceparent: span.String(), Tracestate: j.Tracestate},
		Config:  class.Config,
		Payload: j.Payload,
	}
}
