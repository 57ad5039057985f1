package abi

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestEveryValidEnvelopeDecodesAndSurvivesARoundTrip(t *testing.T) {
	for name, data := range vectors(t, "envelope/valid/*.json") {
		t.Run(name, func(t *testing.T) { sameEnvelope(t, data) })
	}
}

func TestEveryInvalidEnvelopeIsRefusedWithItsCode(t *testing.T) {
	for name, data := range vectors(t, "envelope/invalid/*/*.json") {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeEnvelope(data)
			refused(t, err, Code(filepath.Base(filepath.Dir(name))))
		})
	}
}

func TestEveryValidResultDecodesAndSurvivesARoundTrip(t *testing.T) {
	for name, data := range vectors(t, "result/valid/*.json") {
		t.Run(name, func(t *testing.T) { sameResult(t, data) })
	}
}

// TestTheShortWayReadsAsTheDecoderDoes compares the two on what begins alike.
func TestTheShortWayReadsAsTheDecoderDoes(t *testing.T) {
	for _, rest := range []string{"}", " }", "}}", ",}", `,"output":1}`, `,"output": [1] }`, `,"output":null}`, `,"output":}`, `,"output":{}`,
		`,"output":{"a":"}"}}`, `,"output":1}}`, `,"output":1} `, `,"output":1,"output":2}`, `,"output":1,"events":[{"type":"a"}]}`, `,"output":"\ud800"}`} {
		data := []byte(`{"status":"ok"` + rest)
		spaced := append([]byte(" "), data...) // which the short way does not take
		short, shortErr := DecodeResult(data)
		long, longErr := DecodeResult(spaced)
		if !reflect.DeepEqual(short, long) || (shortErr == nil) != (longErr == nil) {
			t.Errorf("%s: %+v, %v; by the decoder %+v, %v", data, short, shortErr, long, longErr)
		}
	}
}

func TestEveryInvalidResultIsRefused(t *testing.T) {
	for name, data := range vectors(t, "result/invalid/*.json") {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeResult(data)
			refused(t, err, CodeResultInvalid)
		})
	}
}

func TestTraceparentsAreReadAsTheRecommendationSays(t *testing.T) {
	var cases []struct {
		Case, Header string
		Valid        bool
		TraceID      string `json:"trace_id"`
		SpanID       string `json:"span_id"`
		Sampled      bool
	}
	data, err := os.ReadFile("testdata/traceparent.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Case, func(t *testing.T) {
			got, ok := ParseTraceparent(c.Header)
			if want := (TraceContext{c.TraceID, c.SpanID, c.Sampled}); ok != c.Valid || got != want {
				t.Errorf("got %+v, %v; want %+v, %v", got, ok, want, c.Valid)
			}
		})
	}
}

func TestEncodingLeavesHTMLAsItIs(t *testing.T) {
	data, err := EncodeResult(Result{Status: StatusOK, Output: json.RawMessage(`"<p>&</p>"`)})
	if err != nil || string(data) != `{"status":"ok","output":"<p>&</p>"}` {
		t.Errorf("got %s, %v", data, err)
	}
}

func TestPackedPointersUnpack(t *testing.T) {
	for _, c := range [][2]uint32{{0, 0}, {1, 2}, {1<<32 - 1, 1<<32 - 1}, {1 << 31, 7}} {
		if ptr, n := Unpack(Pack(c[0], c[1])); ptr != c[0] || n != c[1] {
			t.Errorf("%v came back as %d, %d", c, ptr, n)
		}
	}
}

// vectors returns the files of testdata that match, by name.
func vectors(t testing.TB, pattern string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors match %s: %v", pattern, err)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(path, ".json")] = data
	}
	return out
}

func refused(t *testing.T, err error, code Code) {
	t.Helper()
	e := (*Error)(nil)
	if !errors.As(err, &e) || e.Code != code || e.Message == "" {
		t.Errorf("got %v, want an error of code %s", err, code)
	}
}

func sameEnvelope(t *testing.T, data []byte) {
	t.Helper()
	e, err := DecodeEnvelope(data)
	if err != nil {
		t.Fatal(err)
	}
	first, err := EncodeEnvelope(e)
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeEnvelope(first)
	if err != nil {
		t.Fatalf("it does not decode again: %v\n%s", err, first)
	}
	if second, err := EncodeEnvelope(again); err != nil || string(second) != string(first) {
		t.Errorf("first  %s\nsecond %s, %v", first, second, err)
	}
}

func sameResult(t *testing.T, data []byte) {
	t.Helper()
	r, err := DecodeResult(data)
	if err != nil {
		t.Fatal(err)
	}
	first, err := EncodeResult(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeResult(first)
	if err != nil {
		t.Fatalf("it does not decode again: %v\n%s", err, first)
	}
	if second, err := EncodeResult(again); err != nil || string(second) != string(first) {
		t.Errorf("first  %s\nsecond %s, %v", first, second, err)
	}
}
