package abi

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"
)

// quickEnvelope reads an envelope as [EncodeEnvelope] writes it. It does not
// know what else encoding/json would take: keys in another case, unknown keys,
// null for a number, escapes in a string. That is left to encoding/json, for
// which ok is false.
func quickEnvelope(data []byte) (e Envelope, ok bool) {
	s := scanner{data: data}
	ok = s.object(func(key []byte) bool {
		switch string(key) {
		case "abi":
			return s.integer(&e.ABI)
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
	return e, ok && s.end()
}

func (s *scanner) job(j *Job) bool {
	return s.object(func(key []byte) bool {
		switch string(key) {
		case "id":
			return s.integer64(&j.ID)
		case "class":
			return s.text(&j.Class)
		case "attempt":
			return s.integer(&j.Attempt)
		case "max_attempts":
			return s.integer(&j.MaxAttempts)
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

func (s *scanner) trace(t *Trace) bool {
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

func (s *scanner) text(to *string) bool {
	raw, ok := s.quoted()
	if !ok {
		return false
	}
	raw = raw[1 : len(raw)-1]
	*to = string(raw)
	return bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) // or the string would not be what is written
}

func (s *scanner) time(to *time.Time) bool {
	raw, ok := s.quoted()
	return ok && to.UnmarshalJSON(raw) == nil
}

func (s *scanner) integer(to *int) bool {
	var v int64
	ok := s.integer64(&v)
	*to = int(v)
	return ok && int64(*to) == v
}

func (s *scanner) integer64(to *int64) (ok bool) {
	raw, ok := s.raw()
	if !ok {
		return false
	}
	v, err := strconv.ParseInt(string(raw), 10, 64)
	*to = v
	return err == nil
}
