package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

type in struct {
	Name  string `json:"name"`
	Inner struct {
		Count int `json:"count"`
	} `json:"inner"`
}

type out struct {
	Greeting string `json:"greeting"`
}

func TestAHandlersOutputComesBackDecoded(t *testing.T) {
	got := sdktest.Run(t, func(_ context.Context, in in) (out, error) { return out{"hello <" + in.Name + ">"}, nil }, in{Name: "you"})
	if got.Result.Status != abi.StatusOK || got.Output.Greeting != "hello <you>" {
		t.Fatalf("got %+v", got)
	}
	if !strings.Contains(string(got.Result.Output), "<you>") {
		t.Errorf("the output is escaped for HTML: %s", got.Result.Output)
	}
}

func TestAnErrorSaysWhatBecomesOfTheJob(t *testing.T) {
	boom := errors.New("boom")
	own := &abi.Error{Code: "disk_full", Message: "no room", Detail: json.RawMessage(`{"free":0}`)}
	cases := map[string]struct {
		err  error
		want abi.Result
	}{
		"plain":                {boom, retry("handler_error", "boom", 0)},
		"retry":                {sdk.Retry(boom), retry("handler_error", "boom", 0)},
		"retry after":          {sdk.RetryAfter(boom, 1500*time.Millisecond), retry("handler_error", "boom", 1500)},
		"negative delay":       {sdk.RetryAfter(boom, -time.Second), retry("handler_error", "boom", 0)},
		"permanent":            {sdk.Permanent(boom), fail("handler_error", "boom")},
		"outer verdict counts": {sdk.Retry(fmt.Errorf("a: %w", sdk.Permanent(boom))), retry("handler_error", "a: boom", 0)},
		"coded":                {sdk.WithCode(boom, "x"), retry("x", "boom", 0)},
		"coded, permanent":     {sdk.WithCode(sdk.Permanent(boom), "x"), fail("x", "boom")},
		"permanent, coded":     {sdk.Permanent(sdk.WithCode(boom, "x")), fail("x", "boom")},
		"abi error":            {own, abi.Result{Status: abi.StatusRetry, Error: own}},
		"park":                 {sdk.Park(), abi.Result{Status: abi.StatusPark, Output: json.RawMessage(`null`)}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := sdktest.Run(t, func(context.Context, in) (any, error) { return nil, c.err }, in{})
			if a, b := encode(t, got.Result), encode(t, c.want); a != b {
				t.Errorf("got  %s\nwant %s", a, b)
			}
		})
	}
}

func TestNoErrorStaysNoError(t *testing.T) {
	for _, err := range []error{sdk.Permanent(nil), sdk.Retry(nil), sdk.RetryAfter(nil, 1), sdk.WithCode(nil, "x")} {
		if err != nil {
			t.Errorf("got %v", err)
		}
	}
}

func TestAPayloadOfTheWrongShapeNamesItsField(t *testing.T) {
	got := sdktest.Run(t, greet, in{}, sdktest.Payload(`{"name":"x","inner":{"count":"many"}}`))
	if got.Result.Status != abi.StatusFail || got.Result.Error.Code != abi.CodePayloadInvalid {
		t.Fatalf("got %+v", got.Result)
	}
	if want := `field "inner.count" is a JSON string, want a int`; !strings.Contains(got.Result.Error.Message, want) {
		t.Errorf("got %q, want %q in it", got.Result.Error.Message, want)
	}
}

func TestAPanicIsARetryWithItsStack(t *testing.T) {
	got := sdktest.Run(t, func(context.Context, in) (out, error) { panic("at the disco") }, in{})
	e := got.Result.Error
	if got.Result.Status != abi.StatusRetry || e.Code != abi.CodeGuestTrap || !strings.Contains(e.Message, "at the disco") {
		t.Fatalf("got %+v", got.Result)
	}
	if !strings.Contains(string(e.Detail), "plugin_test.go") {
		t.Errorf("the stack does not name this file: %s", e.Detail)
	}
}

func TestEffectsTravelWithTheResult(t *testing.T) {
	got := sdktest.Run(t, func(ctx context.Context, _ in) (out, error) {
		return out{}, errors.Join(
			sdk.Enqueue(ctx, abi.FollowUp{Class: "next"}),
			sdk.Command(ctx, "fn_x", map[string]int{"a": 1}),
			sdk.Emit(ctx, "thing.done", "payload", "key"))
	}, in{})
	want := `{"status":"ok","output":{"greeting":""},"events":[{"type":"thing.done","payload":"payload","key":"key"}],` +
		`"enqueue":[{"class":"next"}],"commands":[{"name":"fn_x","args":{"a":1}}]}`
	if s := encode(t, got.Result); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestAFailedAttemptHasNoEffects(t *testing.T) {
	got := sdktest.Run(t, func(ctx context.Context, _ in) (out, error) {
		if err := sdk.Enqueue(ctx, abi.FollowUp{Class: "next"}); err != nil {
			return out{}, err
		}
		return out{}, errors.New("too late")
	}, in{})
	if got.Result.Status != abi.StatusRetry || len(got.Result.Enqueue) != 0 {
		t.Errorf("got %+v", got.Result)
	}
}

func TestEffectsOutsideAnAttemptAreAnError(t *testing.T) {
	ctx := context.Background()
	for _, err := range []error{sdk.Enqueue(ctx, abi.FollowUp{}), sdk.Command(ctx, "x", nil), sdk.Emit(ctx, "x", nil, "")} {
		if err == nil {
			t.Error("an effect was lost in silence")
		}
	}
	sdk.Logger(ctx).Info("goes nowhere")
	sdk.Progress(ctx, 1, "goes nowhere")
}

func TestTheContextKnowsTheAttempt(t *testing.T) {
	deadline := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	got := sdktest.Run(t, func(ctx context.Context, _ in) (string, error) {
		d, _ := ctx.Deadline()
		config, err := sdk.Config[struct{ Region string }](ctx)
		job := sdk.JobFrom(ctx)
		return fmt.Sprint(job.ID, job.Class, d.Equal(deadline), config.Region, sdk.TraceFrom(ctx).Traceparent != "", sdk.Cancelled(ctx)), err
	}, in{}, sdktest.Job(abi.Job{ID: 7, Class: "c", Deadline: deadline}), sdktest.Config(map[string]string{"region": "eu"}), sdktest.Cancelled())
	if want := fmt.Sprint(7, "c", true, "eu", true, true); got.Output != want {
		t.Errorf("got %q, want %q", got.Output, want)
	}
}

func TestLogAndProgressReachTheHost(t *testing.T) {
	got := sdktest.Run(t, func(ctx context.Context, _ in) (out, error) {
		sdk.Logger(ctx).With("a", 1).WithGroup("g").Warn("two words", "b", 2)
		sdk.Progress(ctx, 500, "half")
		return out{}, nil
	}, in{})
	if len(got.Log) != 1 || got.Log[0] != (sdktest.Line{Level: abi.LevelWarn, Text: `msg="two words" a=1 g.b=2`}) {
		t.Errorf("log: %+v", got.Log)
	}
	if len(got.Progress) != 1 || got.Progress[0] != (sdktest.Progress{Permille: 500, Note: "half"}) {
		t.Errorf("progress: %+v", got.Progress)
	}
}

func TestAnEnvelopeOfAnotherVersionIsRefused(t *testing.T) {
	result, err := abi.DecodeResult(sdk.New(greet).Execute(context.Background(), nil, []byte(`{"abi":2}`)))
	if err != nil || result.Status != abi.StatusFail || result.Error.Code != abi.CodeABIMismatch {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestAnOutputThatIsNoJSONFails(t *testing.T) {
	got := sdktest.Run(t, func(context.Context, in) (any, error) { return func() {}, nil }, in{})
	if got.Result.Status != abi.StatusFail || got.Result.Error.Code != abi.CodeResultInvalid {
		t.Errorf("got %+v", got.Result)
	}
}

func greet(_ context.Context, in in) (out, error) { return out{"hello " + in.Name}, nil }

func retry(code abi.Code, message string, afterMS int64) abi.Result {
	return abi.Result{Status: abi.StatusRetry, RetryAfterMS: afterMS, Error: &abi.Error{Code: code, Message: message}}
}

func fail(code abi.Code, message string) abi.Result {
	return abi.Result{Status: abi.StatusFail, Error: &abi.Error{Code: code, Message: message}}
}

func encode(t *testing.T, r abi.Result) string {
	t.Helper()
	data, err := abi.EncodeResult(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
