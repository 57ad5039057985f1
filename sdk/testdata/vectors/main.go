// Command vectors does what its payload says, so that a test can try every
// function of the SDK from outside: {"do": "…", …}. Without that it tells what
// it was sent.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

var plugin = sdk.Register(handle)

func main() { plugin.Main() }

func handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var order struct {
		Do     string          `json:"do"`
		Result json.RawMessage `json:"result"`
	}
	_ = json.Unmarshal(payload, &order) // a payload of another kind orders nothing
	switch order.Do {
	case "result":
		return result(ctx, order.Result)
	case "typed": // the payload of a Go handler is decoded before it runs, by the rules of encoding/json
		return nil, sdk.Permanent(sdk.WithCode(errors.New("types are those of the handler"), "not_offered"))
	case "http":
		return request(ctx), nil
	case "host":
		sdk.Logger(ctx).Warn("héllo")
		sdk.Progress(ctx, 250, "a quarter")
		// A native executor hears of it a moment after its report.
		for waited := time.Duration(0); waited < time.Second && !sdk.Cancelled(ctx); waited += time.Millisecond {
			time.Sleep(time.Millisecond)
		}
		return sdk.Cancelled(ctx), nil
	case "panic":
		panic("asked to")
	}
	return echo(ctx, payload), nil
}

func echo(ctx context.Context, payload json.RawMessage) any {
	job, trace := sdk.JobFrom(ctx), sdk.TraceFrom(ctx)
	told := map[string]any{
		"id": job.ID, "class": job.Class, "attempt": job.Attempt, "max_attempts": job.MaxAttempts,
		"enqueued_ms": job.EnqueuedAt.UnixMilli(), "deadline_ms": job.Deadline.UnixMilli(), "idempotency_key": job.IdempotencyKey,
		"traceparent": trace.Traceparent, "tracestate": trace.Tracestate,
	}
	if len(payload) > 0 {
		told["payload"] = payload
	}
	if config, err := sdk.Config[json.RawMessage](ctx); err == nil && len(config) > 0 {
		told["config"] = config
	}
	return told
}

// result answers the result that the payload describes, by the SDK's own means.
func result(ctx context.Context, data json.RawMessage) (any, error) {
	var r struct {
		abi.Result
		Error *abi.Error `json:"error"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, sdk.Permanent(err)
	}
	for _, e := range r.Events {
		if err := sdk.Emit(ctx, e.Type, raw(e.Payload), e.Key); err != nil {
			return nil, err
		}
	}
	for _, c := range r.Commands {
		if err := sdk.Command(ctx, c.Name, raw(c.Args)); err != nil {
			return nil, err
		}
	}
	for _, f := range r.Enqueue {
		if err := sdk.Enqueue(ctx, f); err != nil {
			return nil, err
		}
	}
	return raw(r.Output), verdict(r.Result, r.Error)
}

func verdict(r abi.Result, e *abi.Error) error {
	if e == nil {
		e = &abi.Error{}
	}
	switch {
	case r.Status == abi.StatusPark:
		return sdk.Park()
	case r.Status == abi.StatusFail:
		return sdk.Permanent(e)
	case r.Status == abi.StatusRetry && r.RetryAfterMS > 0:
		return sdk.RetryAfter(e, time.Duration(r.RetryAfterMS)*time.Millisecond)
	case r.Status == abi.StatusRetry:
		return sdk.Retry(e)
	}
	return nil
}

// raw is JSON for a parameter that takes anything, nothing for nothing.
func raw(data json.RawMessage) any {
	if len(data) == 0 {
		return nil
	}
	return data
}

func request(ctx context.Context) any {
	answer, err := sdk.Fetch(ctx, sdk.Request{
		Method: "POST", URL: "https://api.test/orders", Header: map[string][]string{"accept": {"text/plain"}, "x-two": {"1", "2"}},
		Body: []byte("a\x00b"), Credential: "crm", Timeout: 1500 * time.Millisecond, FollowRedirects: true,
	})
	told := map[string]any{"status": answer.Status, "url": answer.URL, "retry_after": "", "body": string(answer.Body), "error_code": "", "error_message": ""}
	if after := answer.Header["retry-after"]; len(after) > 0 {
		told["retry_after"] = after[0]
	}
	if e := (*abi.Error)(nil); errors.As(err, &e) {
		told["error_code"], told["error_message"] = e.Code, e.Message
	}
	return told
}
