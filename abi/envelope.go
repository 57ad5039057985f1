package abi

import (
	"encoding/json"
	"time"
)

// Envelope is what an executor receives: one attempt at one job.
type Envelope struct {
	ABI     int             `json:"abi"`               // always [Version]
	Job     Job             `json:"job"`               // which job, which attempt
	Trace   Trace           `json:"trace"`             // W3C trace context of this attempt
	Config  json.RawMessage `json:"config,omitempty"`  // the class row's config, as the operator wrote it
	Payload json.RawMessage `json:"payload,omitempty"` // what the enqueuer sent
}

// Job names the attempt an envelope is for. Times are the database's, in UTC.
type Job struct {
	ID             int64     `json:"id"`
	Class          string    `json:"class"`
	Attempt        int       `json:"attempt"`      // numbered from 1
	MaxAttempts    int       `json:"max_attempts"` // the attempt with this number is the last
	EnqueuedAt     time.Time `json:"enqueued_at"`
	Deadline       time.Time `json:"deadline"`                  // the host stops the attempt here
	IdempotencyKey string    `json:"idempotency_key,omitempty"` // the enqueuer's, if any
}

// Trace is W3C Trace Context level 1 as header values. Traceparent names the
// attempt's own span, so what the executor calls becomes its child.
// Source: https://www.w3.org/TR/trace-context/
type Trace struct {
	Traceparent string `json:"traceparent"`
	Tracestate  string `json:"tracestate,omitempty"`
}

// DecodeEnvelope reads an envelope. It fails with an *Error of code
// [CodeEnvelopeInvalid] when the bytes are no envelope, and of code
// [CodeABIMismatch] when they are of another version.
func DecodeEnvelope(data []byte) (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return Envelope{}, Errorf(CodeEnvelopeInvalid, "the envelope is not the JSON of ABI v%d: %v", Version, err)
	}
	if e.ABI != Version {
		return Envelope{}, Errorf(CodeABIMismatch, "the envelope is of ABI v%d, this SDK speaks v%d: rebuild the plugin with the SDK of the host's release", e.ABI, Version)
	}
	return e, nil
}
