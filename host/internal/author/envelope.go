package author

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// Envelope is that of the first attempt at a job that was enqueued now. Its
// times are of whole seconds: their digits cost a guest fuel, and so their
// number should not be left to chance.
func (c Class) Envelope(payload json.RawMessage) ([]byte, error) {
	now := time.Now().UTC().Truncate(time.Second)
	return abi.EncodeEnvelope(abi.Envelope{
		ABI:     abi.Version,
		Job:     abi.Job{ID: 1, Class: c.Name, Attempt: 1, MaxAttempts: 5, EnqueuedAt: now, Deadline: now.Add(c.Limits.Wall() + time.Second).Truncate(time.Second)},
		Trace:   abi.Trace{Traceparent: newTrace()},
		Config:  c.Config,
		Payload: payload,
	})
}

func newTrace() string {
	var id [24]byte
	rand.Read(id[:]) //nolint:errcheck // never fails, says its documentation
	id[0], id[16] = id[0]|1, id[16]|1
	return abi.TraceContext{TraceID: hex.EncodeToString(id[:16]), SpanID: hex.EncodeToString(id[16:]), Sampled: true}.String()
}
