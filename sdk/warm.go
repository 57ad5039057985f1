package sdk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// warm runs an attempt that does everything but call the handler: it fills the
// caches that encoding/json keeps per type, for the envelope, the result, In
// and Out. A guest whose state is restored after each job would fill them again
// and again. Nothing that fails here matters; a job will tell.
func warm[In, Out any]() {
	blank := &Plugin{run: func(_ context.Context, a *attempt) (any, error) {
		_, _ = decodePayload[In](a.envelope.Payload)
		return *new(Out), nil
	}}
	blank.Execute(context.Background(), nil, blankEnvelope(*new(In)))
}

// blankEnvelope has every field that a host may send.
func blankEnvelope(payload any) []byte {
	encoded, _ := encodeOutput(payload) // what does not encode makes an envelope without payload
	far := time.Date(9999, 1, 1, 0, 0, 0, 1000, time.UTC)
	envelope, _ := abi.EncodeEnvelope(abi.Envelope{
		ABI:     abi.Version,
		Job:     abi.Job{ID: 1, Class: "warm-up", Attempt: 1, MaxAttempts: 1, EnqueuedAt: far, Deadline: far, IdempotencyKey: "-"},
		Trace:   abi.Trace{Traceparent: "-", Tracestate: "-"},
		Config:  json.RawMessage(`{}`),
		Payload: encoded,
	})
	return envelope
}
