package quick

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
)

func TestWhatAHostWritesIsReadQuickly(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, payload := range []string{"", "null", `{"a":[{},[],"\n\u00fc",-0.1e+7,true,false]}`, `"đơn hàng"`} {
		data, err := abi.EncodeEnvelope(abi.Envelope{
			ABI:     abi.Version,
			Job:     abi.Job{ID: 1<<63 - 1, Class: "order.charge", Attempt: 1, MaxAttempts: 5, EnqueuedAt: at, Deadline: at, IdempotencyKey: "đơn-7"},
			Trace:   abi.Trace{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Tracestate: "a=b"},
			Config:  json.RawMessage(`{"region": "eu"}`),
			Payload: json.RawMessage(payload),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !sameEnvelope(t, data) {
			t.Errorf("encoding/json has to read %s", data)
		}
	}
}

func TestAnEnvelopeThatIsNotPlainIsLeftToEncodingJSON(t *testing.T) {
	for _, data := range []string{
		`{"ABI":1}`, `{"\u0061bi":1}`, `{"abi":1,"new":2}`, `{"abi":null}`, `{"abi":2}`, `{}`, `{"abi":1.0}`, `{"abi":1e0}`, `{"abi":01}`, `{"abi":9223372036854775808}`,
		`{"abi":1,"job":null}`, `{"abi":1,"job":{"class":7}}`, `{"abi":1,"job":{"deadline":null}}`, `{"abi":1,"job":{"deadline":"soon"}}`,
		`{"abi":1}{}`, `{"abi":1,}`, `{,"abi":1}`, `{"abi":1`, `["abi"]`, `null`, ``, ` `, "{\"abi\":1}\x00", `{"abi":1,"payload":` + deep + `}`,
	} {
		if sameEnvelope(t, []byte(data)) {
			t.Errorf("%s was read quickly", data)
		}
	}
}

// deep is nested deeper than is read quickly.
var deep = strings.Repeat("[", 200) + strings.Repeat("]", 200)

func TestWhatIsLeftOfAnEnvelopeIsReadAsTheContractSays(t *testing.T) {
	e, err := DecodeEnvelope([]byte(`{"ABI":1,"new":2,"Job":{"ID":7}}`))
	if err != nil || e.Job.ID != 7 {
		t.Errorf("got %+v, %v", e, err)
	}
	_, err = DecodeEnvelope([]byte(`{"abi":2}`))
	if _, want := abi.DecodeEnvelope([]byte(`{"abi":2}`)); err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestThePayloadMayBeAnyJSONAndNothingElse(t *testing.T) {
	for _, value := range []string{
		`-`, `-0`, `00`, `0.`, `.5`, `1.5e`, `1.5e+`, `1.5E-07`, `+1`, `1_0`, `NaN`, `tru`, `true`, `nul`, `falsey`, `"`, `"\`, `"\"`, `"\x"`, `"\/"`, `"\u12"`, `"\u12_4"`, `"\ud800"`, `"\u+123"`,
		"\"\t\"", "\"\x7f\xff\"", `"twelve bytes\n and a quote"`, "\"eight by\x1f\"", `[1,]`, `[,1]`, `[1 2]`, "[1\t, 2\r\n]", `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,"a":2}`, `{"a":1 "b":2}`, `[}`, "\v1", "\u00a01",
	} {
		for _, data := range []string{`{"abi":1,"payload":` + value + `}`, `{"abi":1,"payload": ` + value + "\n}", `{"abi":1,"payload":[` + value + `]}`} {
			if quick, valid := sameEnvelope(t, []byte(data)), json.Valid([]byte(data)); quick != valid {
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
	for _, data := range vectors(t, "result/valid/*.json") {
		r, err := abi.DecodeResult(data)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = abi.EncodeResult(r); err != nil { // without its white space
			t.Fatal(err)
		}
		if r, err = abi.DecodeResult(data); err != nil || !sameResult(t, r) {
			t.Errorf("encoding/json has to write %s, %v", data, err)
		}
	}
}

func TestEveryTextOfAResultIsWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, text := range []string{"", "plain", "<&>", `"`, `\`, "\n", "\x00", "\x7f", "ü", "\u2028", "\xff", "\U0001f600"} {
		if !sameResult(t, everywhere(text, json.RawMessage(`{"a":"<ü>\n"}`))) {
			t.Errorf("encoding/json has to write %q", text)
		}
	}
}

func TestARawMessageThatIsNotCompactIsLeftToEncodingJSON(t *testing.T) {
	for _, raw := range []string{" 1", "1\n", `{"a": 1}`, "", "x", "1,2", `{"a":1`, `"`, deep} {
		if sameResult(t, everywhere("a", json.RawMessage(raw))) != (raw == "") {
			t.Errorf("%q was written quickly", raw)
		}
	}
}

func TestWhatIsLeftOfAResultIsWrittenOrRefusedAsTheContractSays(t *testing.T) {
	if data, err := EncodeResult(abi.Result{Status: abi.StatusOK, Output: json.RawMessage(" 1")}); err != nil || string(data) != `{"status":"ok","output":1}` {
		t.Errorf("got %s, %v", data, err)
	}
	if data, err := EncodeResult(abi.Result{Status: abi.StatusOK, Output: json.RawMessage("x")}); err == nil {
		t.Errorf("got %s", data)
	}
}

func TestATimeThatJSONCannotHoldIsLeftToEncodingJSON(t *testing.T) {
	at := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	if sameResult(t, abi.Result{Status: abi.StatusOK, Enqueue: []abi.FollowUp{{Class: "c", RunAt: &at}}}) {
		t.Error("it was written quickly")
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, data := range append(vectors(f, "envelope/valid/*.json"), vectors(f, "envelope/invalid/*/*.json")...) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameEnvelope(t, data) })
}

func FuzzResult(f *testing.F) {
	f.Add("text", []byte(`{"a":[1,"b"]}`))
	f.Add("\u2028", []byte(` null`))
	f.Fuzz(func(t *testing.T, text string, raw []byte) { sameResult(t, everywhere(text, raw)) })
}

// vectors returns the files of the contract's testdata that match.
func vectors(t testing.TB, pattern string) (files [][]byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("../../../abi/testdata", filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors match %s: %v", pattern, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

// sameEnvelope fails the test unless what is read quickly is what encoding/json
// reads; it returns whether it is read quickly.
func sameEnvelope(t *testing.T, data []byte) bool {
	t.Helper()
	quick, ok := envelope(data)
	if !ok {
		return false
	}
	var want abi.Envelope
	if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(quick, want) {
		t.Errorf("%q was read as\n%+v\nwant %v\n%+v", data, quick, err, want)
	}
	return true
}

// sameResult is the same for writing.
func sameResult(t *testing.T, r abi.Result) bool {
	t.Helper()
	quick, ok := result(&r)
	if !ok {
		return false
	}
	if want, err := abi.EncodeResult(r); err != nil || string(quick) != string(want) {
		t.Errorf("got  %s\nwant %s, %v", quick, want, err)
	}
	return true
}

// everywhere is a result with a text and a value wherever there may be one.
func everywhere(text string, raw json.RawMessage) abi.Result {
	at, priority := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)), int16(-7)
	return abi.Result{
		Status: abi.Status(text), Output: raw, RetryAfterMS: 1500, Error: &abi.Error{Code: abi.Code(text), Message: text, Detail: raw},
		Events:   []abi.Event{{}, {Type: text, Payload: raw, Key: text}},
		Enqueue:  []abi.FollowUp{{}, {Class: text, Payload: raw, Priority: &priority, RunAt: &at, IdempotencyKey: text}},
		Commands: []abi.Command{{}, {Name: text, Args: raw}},
	}
}
