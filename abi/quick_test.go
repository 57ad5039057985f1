package abi

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestWhatAHostWritesIsReadQuickly(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, payload := range []string{"", "null", `{"a":[{},[],"\n\u00fc",-0.1e+7,true,false]}`, `"đơn hàng"`} {
		data, err := EncodeEnvelope(Envelope{
			ABI:     Version,
			Job:     Job{ID: 1<<63 - 1, Class: "order.charge", Attempt: 1, MaxAttempts: 5, EnqueuedAt: at, Deadline: at, IdempotencyKey: "đơn-7"},
			Trace:   Trace{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Tracestate: "a=b"},
			Config:  json.RawMessage(`{"region": "eu"}`),
			Payload: json.RawMessage(payload),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !sameQuickly(t, data) {
			t.Errorf("encoding/json has to read %s", data)
		}
	}
}

func TestWhatIsNotPlainIsLeftToEncodingJSON(t *testing.T) {
	for _, data := range []string{
		`{"ABI":1}`, `{"\u0061bi":1}`, `{"abi":1,"new":2}`, `{"abi":null}`, `{"abi":1.0}`, `{"abi":1e0}`, `{"abi":01}`, `{"abi":9223372036854775808}`,
		`{"abi":1,"job":null}`, `{"abi":1,"job":{"class":"\n"}}`, "{\"abi\":1,\"job\":{\"class\":\"\xff\"}}", `{"abi":1,"job":{"deadline":null}}`,
		`{"abi":1}{}`, `{"abi":1,}`, `{,"abi":1}`, `{"abi":1`, `["abi"]`, `null`, ``, ` `, "{\"abi\":1}\x00", `{"abi":1,"payload":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		if sameQuickly(t, []byte(data)) {
			t.Errorf("%s was read quickly", data)
		}
	}
}

func TestThePayloadMayBeAnyJSONAndNothingElse(t *testing.T) {
	for _, value := range []string{
		`-`, `-0`, `00`, `0.`, `.5`, `1.5e`, `1.5e+`, `1.5E-07`, `+1`, `1_0`, `NaN`, `tru`, `true`, `nul`, `falsey`, `"`, `"\`, `"\"`, `"\x"`, `"\/"`, `"\u12"`, `"\u12_4"`, `"\ud800"`, `"\u+123"`,
		"\"\t\"", "\"\x7f\xff\"", `"twelve bytes\n and a quote"`, "\"eight by\x1f\"", `[1,]`, `[,1]`, `[1 2]`, "[1\t, 2\r\n]", `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,"a":2}`, `{"a":1 "b":2}`, `[}`, "\v1", "\u00a01",
	} {
		for _, data := range []string{`{"abi":1,"payload":` + value + `}`, `{"abi":1,"payload": ` + value + "\n}", `{"abi":1,"payload":[` + value + `]}`} {
			if quick, valid := sameQuickly(t, []byte(data)), json.Valid([]byte(data)); quick != valid {
				t.Errorf("%q: read quickly: %v, valid: %v", data, quick, valid)
			}
		}
	}
}

func TestAPayloadHasNoRoomToGrowIntoWhatFollows(t *testing.T) {
	data := []byte(`{"abi":1,"config":1,"payload":2}`)
	e, err := DecodeEnvelope(data)
	if err != nil {
		t.Fatal(err)
	}
	if _ = append(e.Config, "overwritten"...); string(e.Payload) != "2" {
		t.Errorf("the payload became %s", data)
	}
}

func TestResultsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	for name, data := range vectors(t, "result/valid/*.json") {
		r, err := DecodeResult(data)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = encode(r); err != nil { // without its white space
			t.Fatal(err)
		}
		if r, err = DecodeResult(data); err != nil || !sameWritten(t, r) {
			t.Errorf("%s: encoding/json has to write it, %v", name, err)
		}
	}
}

func TestEveryTextIsWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, text := range []string{"", "plain", "<&>", `"`, `\`, "\n", "\x00", "\x7f", "ü", "\u2028", "\xff", "\U0001f600"} {
		if !sameWritten(t, everywhere(text, json.RawMessage(`{"a":"<ü>\n"}`))) {
			t.Errorf("encoding/json has to write %q", text)
		}
	}
}

func TestARawMessageThatIsNotCompactIsLeftToEncodingJSON(t *testing.T) {
	for _, raw := range []string{" 1", "1\n", `{"a": 1}`, "", "x", "1,2", `{"a":1`, `"`, strings.Repeat("[", 200) + strings.Repeat("]", 200)} {
		if sameWritten(t, everywhere("a", json.RawMessage(raw))) != (raw == "") {
			t.Errorf("%q was written quickly", raw)
		}
	}
}

func TestATimeThatJSONCannotHoldIsRefused(t *testing.T) {
	at := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	if sameWritten(t, Result{Status: StatusOK, Enqueue: []FollowUp{{Class: "c", RunAt: &at}}}) {
		t.Error("it was written quickly")
	}
}

// sameQuickly fails the test unless what is read quickly is what encoding/json
// reads; it returns whether it is read quickly.
func sameQuickly(t *testing.T, data []byte) bool {
	t.Helper()
	quick, ok := quickEnvelope(data)
	if !ok {
		return false
	}
	var want Envelope
	if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(quick, want) {
		t.Errorf("%q was read as\n%+v\nwant %v\n%+v", data, quick, err, want)
	}
	return true
}

// sameWritten is the same for writing.
func sameWritten(t *testing.T, r Result) bool {
	t.Helper()
	quick, ok := quickResult(&r)
	if !ok {
		return false
	}
	if want, err := encode(r); err != nil || string(quick) != string(want) {
		t.Errorf("got  %s\nwant %s, %v", quick, want, err)
	}
	return true
}

// everywhere is a result with a text and a value wherever there may be one.
func everywhere(text string, raw json.RawMessage) Result {
	at, priority := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)), int16(-7)
	return Result{
		Status: Status(text), Output: raw, RetryAfterMS: 1500, Error: &Error{Code: Code(text), Message: text, Detail: raw},
		Events:   []Event{{}, {Type: text, Payload: raw, Key: text}},
		Enqueue:  []FollowUp{{}, {Class: text, Payload: raw, Priority: &priority, RunAt: &at, IdempotencyKey: text}},
		Commands: []Command{{}, {Name: text, Args: raw}},
	}
}
