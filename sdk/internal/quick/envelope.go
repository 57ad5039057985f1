package quick

import (
	"time"

	"github.com/lessee-run/lessee/abi"
)

// DecodeEnvelope is [abi.DecodeEnvelope] for an envelope as the host writes it.
// Config and payload are parts of data: leave that as it is.
func DecodeEnvelope(data []byte) (abi.Envelope, error) {
	if e, ok := envelope(data); ok {
		return e, nil
	}
	return abi.DecodeEnvelope(data)
}

func envelope(data []byte) (e abi.Envelope, ok bool) {
	s := scanner{data: data}
	ok = s.object(func(key []byte) bool {
		switch string(key) {
		case "abi":
			return s.int(&e.ABI)
		case "job":
			return s.job(&e.Job)
		case "trace":
			return s.trace(&e.Trace)
		case "config":
			return s.keep((*[]byte)(&e.Config))
		case "payload":
			return s.keep((*[]byte)(&e.Payload))
		}
		return false
	})
	return e, ok && s.end() && e.ABI == abi.Version
}

func (s *scanner) job(j *abi.Job) bool {
	return s.object(func(key []byte) bool {
		switch string(key) {
		case "id":
			return s.integer(&j.ID)
		case "class":
			return s.text(&j.Class)
		case "attempt":
			return s.int(&j.Attempt)
		case "max_attempts":
			return s.int(&j.MaxAttempts)
		case "enqueued_at":
			return s.time(&j.EnqueuedAt)
		case "deadline":
			return s.time(&j.Deadline)
		case "idempotency_key":
			return s.text(&j.IdempotencyKey)
		}
		return false
	})
}

func (s *scanner) trace(t *abi.Trace) bool {
	return s.object(func(key []byte) bool {
		switch string(key) {
		case "traceparent":
			return s.text(&t.Traceparent)
		case "tracestate":
			return s.text(&t.Tracestate)
		}
		return false
	})
}

// keep keeps a value as it was written.
func (s *scanner) keep(to *[]byte) (ok bool) {
	*to, ok = s.raw()
	return ok
}

func (s *scanner) time(to *time.Time) bool {
	written, ok := s.quoted()
	return ok && to.UnmarshalJSON(written) == nil
}

func (s *scanner) int(to *int) bool {
	var v int64
	ok := s.integer(&v)
	*to = int(v)
	return ok && int64(*to) == v
}
