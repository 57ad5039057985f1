package abi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// EncodeEnvelope returns e as the bytes an executor reads: what encoding/json
// makes of it, written by hand, because every attempt pays for it.
func EncodeEnvelope(e Envelope) ([]byte, error) {
	w := envelopeWriter{buf: *bytes.NewBuffer(make([]byte, 0, 384+len(e.Config)+len(e.Payload)))}
	w.raw(`{"abi":`).int(int64(e.ABI))
	w.raw(`,"job":{"id":`).int(e.Job.ID)
	w.raw(`,"class":`).text(e.Job.Class)
	w.raw(`,"attempt":`).int(int64(e.Job.Attempt))
	w.raw(`,"max_attempts":`).int(int64(e.Job.MaxAttempts))
	w.raw(`,"enqueued_at":`).time(e.Job.EnqueuedAt)
	w.raw(`,"deadline":`).time(e.Job.Deadline)
	if e.Job.IdempotencyKey != "" {
		w.raw(`,"idempotency_key":`).text(e.Job.IdempotencyKey)
	}
	w.raw(`},"trace":{"traceparent":`).text(e.Trace.Traceparent)
	if e.Trace.Tracestate != "" {
		w.raw(`,"tracestate":`).text(e.Trace.Tracestate)
	}
	w.raw(`}`)
	if len(e.Config) > 0 {
		w.raw(`,"config":`).json(e.Config)
	}
	if len(e.Payload) > 0 {
		w.raw(`,"payload":`).json(e.Payload)
	}
	w.raw(`}`)
	return w.buf.Bytes(), w.err
}

// envelopeWriter appends values as JSON and keeps the first error.
type envelopeWriter struct {
	buf bytes.Buffer
	err error
}

func (w *envelopeWriter) raw(s string) *envelopeWriter {
	w.buf.WriteString(s)
	return w
}

func (w *envelopeWriter) int(n int64) { w.buf.Write(strconv.AppendInt(w.buf.AvailableBuffer(), n, 10)) }

func (w *envelopeWriter) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			w.value(s)
			return
		}
	}
	w.raw(`"`).raw(s).raw(`"`)
}

func (w *envelopeWriter) time(t time.Time) {
	if y := t.Year(); y < 0 || y > 9999 || t.Location() != time.UTC {
		w.value(t) // which has its own rules for those
		return
	}
	w.raw(`"`)
	w.buf.Write(t.AppendFormat(w.buf.AvailableBuffer(), time.RFC3339Nano)) // alone it has a way of its own, three times as fast
	w.raw(`"`)
}

// json appends a document as it is, without the white space between its parts.
func (w *envelopeWriter) json(data json.RawMessage) {
	if err := json.Compact(&w.buf, data); err != nil && w.err == nil {
		w.err = err
	}
}

func (w *envelopeWriter) value(v any) {
	data, err := encode(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.buf.Write(data)
}
