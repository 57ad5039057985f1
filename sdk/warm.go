package sdk

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/internal/quick"
)

// warm runs an attempt that does everything but call the handler: it makes the
// plans of In and Out, and fills the caches that encoding/json keeps per type,
// for what is left to it. A guest whose state is restored after each job would
// do so again and again. Nothing that fails here matters; a job will tell.
func warm[In, Out any](in *quick.Decoder[In], out *quick.Encoder[Out]) {
	nothing := func(context.Context, In) (Out, error) { return *new(Out), nil }
	blank := &Plugin{run: func(ctx context.Context, a *attempt) abi.Result {
		_ = json.Unmarshal(a.envelope.Payload, new(In))
		return run(ctx, a, in, nothing, out)
	}}
	blank.Execute(context.Background(), nil, blankEnvelope(*new(In)))
}

// blankEnvelope has every field that a host may send.
func blankEnvelope(payload any) []byte {
	encoded, _ := json.Marshal(payload) // what does not encode makes an envelope without payload
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
