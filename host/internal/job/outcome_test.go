package job

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

func TestOutcome_FailedKeepsTheFenceAndNothingThatTheAttemptWanted(t *testing.T) {
	whole := Outcome{JobID: 1, Fence: 2, Attempt: 3, Word: Succeed, Output: output, Events: events, Enqueue: followUp, Commands: commands,
		Usage: &abi.Usage{WallUS: 5}, LogTail: "said", SpanID: "s", ModuleDigest: "d"}
	want := Outcome{JobID: 1, Fence: 2, Attempt: 3, Word: Retry, Error: slow, Usage: whole.Usage, LogTail: "said", SpanID: "s", ModuleDigest: "d"}
	if got := whole.Failed(Retry, slow); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOutcome_PrintableMendsTextAndLeavesJSON(t *testing.T) {
	detail := json.RawMessage(`{"a": "\u0000"}`)
	original := Outcome{LogTail: "a\x00b\xff", Error: &abi.Error{Code: "c\x00", Message: "m\xfe", Detail: detail}}
	got := original.Printable()
	if got.LogTail != "a\uFFFDb\uFFFD" || got.Error.Code != "c\uFFFD" || got.Error.Message != "m\uFFFD" || string(got.Error.Detail) != string(detail) {
		t.Errorf("got %+v, %+v", got, got.Error)
	}
	if original.Error.Code != "c\x00" {
		t.Error("the executor's own error was changed")
	}
	if !utf8.ValidString(got.LogTail) {
		t.Error("broken UTF-8")
	}
}

func TestJob_EnvelopeTellsTheAttemptWithItsOwnSpan(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("east", 3600))
	j := Job{ID: 42, Class: "page", Fence: 9, Attempt: 2, MaxAttempts: 5, LeasedAt: at.Add(time.Minute), EnqueuedAt: at, IdempotencyKey: "k", Payload: output,
		Trace: abi.TraceContext{TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331", Sampled: true}, Tracestate: "a=b"}
	class := registry.Class{Config: json.RawMessage(`{"x": 1}`), Limits: abi.Limits{WallMS: 30_000}}
	want := abi.Envelope{ABI: abi.Version, Config: class.Config, Payload: output,
		Job:   abi.Job{ID: 42, Class: "page", Attempt: 2, MaxAttempts: 5, EnqueuedAt: at.UTC(), Deadline: at.Add(90 * time.Second).UTC(), IdempotencyKey: "k"},
		Trace: abi.Trace{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01", Tracestate: "a=b"}}
	if got := j.Envelope(&class, "00f067aa0ba902b7"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if j.Trace.SpanID != "b7ad6b7169203331" {
		t.Error("the enqueuer's span was lost")
	}
}
