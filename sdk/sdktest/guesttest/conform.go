//go:build sdks

package guesttest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lessee-run/lessee/abi"
)

// Conform holds an SDK to the vectors of the contract. module is the guest
// named vectors of its language, which does what its payload says:
//
//	{"do": "result", "result": R}  answers R, made by the SDK's own means
//	{"do": "typed", …}             takes name, count, price, paid, tags by type and gives them back
//	{"do": "host"}                 logs, reports progress, asks whether it is cancelled
//	{"do": "http"}                 sends the request that TestHTTP expects, tells the response
//	{"do": "panic"}                breaks down by what its language has for that
//	anything else                  tells the envelope as the SDK read it
//
// vectors is the directory abi/testdata.
func Conform(t *testing.T, module []byte, vectors string) {
	ConformAll(t, func(t testing.TB) *Guest { return Open(t, module) }, vectors)
}

// ConformAll is [Conform] for guests that are opened in a way of their own.
func ConformAll(t *testing.T, open func(testing.TB) *Guest, vectors string) {
	g := open(t)
	t.Run("reads every valid envelope", func(t *testing.T) { readsEnvelopes(t, g, vectors) })
	t.Run("fails an invalid envelope by its code", func(t *testing.T) { failsEnvelopes(t, g, vectors) })
	t.Run("makes every valid result", func(t *testing.T) { makesResults(t, g, vectors) })
	t.Run("never makes an invalid result", func(t *testing.T) { makesNoInvalidResult(t, g, vectors) })
	t.Run("agrees with Go on what is JSON", func(t *testing.T) { agreesOnJSON(t, g, vectors) })
	t.Run("takes a payload by type", func(t *testing.T) { takesByType(t, g) })
	t.Run("speaks to the host", func(t *testing.T) { speaks(t, g) })
	t.Run("frames HTTP", func(t *testing.T) { framesHTTP(t, g) })
	t.Run("panics with a place in the source", func(t *testing.T) { panics(t, open(t)) })
}

func readsEnvelopes(t *testing.T, g *Guest, vectors string) {
	for name, data := range files(t, vectors, "envelope/valid/*.json") {
		e, err := abi.DecodeEnvelope(data)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"id": e.Job.ID, "class": e.Job.Class, "attempt": e.Job.Attempt, "max_attempts": e.Job.MaxAttempts,
			"enqueued_ms": e.Job.EnqueuedAt.UnixMilli(), "deadline_ms": e.Job.Deadline.UnixMilli(), "idempotency_key": e.Job.IdempotencyKey,
			"traceparent": e.Trace.Traceparent, "tracestate": e.Trace.Tracestate,
		}
		for key, raw := range map[string]json.RawMessage{"config": e.Config, "payload": e.Payload} {
			if len(raw) > 0 {
				want[key] = raw
			}
		}
		encoded, _ := json.Marshal(want)
		if got := run(t, g, data); got.Status != abi.StatusOK || !same(got.Output, encoded) {
			t.Errorf("%s: got %s %v, want %s", name, got.Output, got.Error, encoded)
		}
	}
}

func failsEnvelopes(t *testing.T, g *Guest, vectors string) {
	for name, data := range files(t, vectors, "envelope/invalid/*/*.json") {
		code := abi.Code(filepath.Base(filepath.Dir(name)))
		if got := run(t, g, data); got.Status != abi.StatusFail || got.Error.Code != code || got.Error.Message == "" {
			t.Errorf("%s: got %+v %v, want a failure of code %s", name, got, got.Error, code)
		}
	}
}

func makesResults(t *testing.T, g *Guest, vectors string) {
	for name, data := range files(t, vectors, "result/valid/*.json") {
		want, err := abi.DecodeResult(data)
		if err != nil {
			t.Fatal(err)
		}
		wanted, _ := abi.EncodeResult(want)
		made, err := abi.EncodeResult(run(t, g, asking(data)))
		if err != nil || !same(made, wanted) {
			t.Errorf("%s: got %s %v, want %s", name, made, err, wanted)
		}
	}
}

// What can't be said at all by the SDK's means, it does not say: run fails the
// test when the answer is no valid result.
func makesNoInvalidResult(t *testing.T, g *Guest, vectors string) {
	asked := 0
	for _, data := range files(t, vectors, "result/invalid/*.json") {
		if json.Valid(data) {
			run(t, g, asking(data))
			asked++
		}
	}
	if asked < 15 {
		t.Errorf("only %d vectors were asked for", asked)
	}
}

// agreesOnJSON changes valid texts a little, and asks whether they still are.
func agreesOnJSON(t *testing.T, g *Guest, vectors string) {
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		`[-0,0.5,1e9,1E-9,-12.75e+3,9007199254740993]`, `["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00ü"]`, `{"a":{"b":[true,false,null]},"":[]}`, ` [ 1 , { } ] `,
	}
	for _, data := range files(t, vectors, "*/valid/*.json") {
		texts = append(texts, string(data))
	}
	const letters = "{}[]\":,\\/ \t\n0129.-+eEutrfalsn\x00\x1f\x7f"
	accepted := 0
	for range 20_000 {
		text := []byte(texts[random.IntN(len(texts))])
		for range random.IntN(3) {
			at := random.IntN(len(text))
			text = append(append(append([]byte(nil), text[:at]...), letters[random.IntN(len(letters))]), text[at+random.IntN(2):]...)
		}
		if !utf8.Valid(text) { // half of a character is left: Go lets that pass, other languages have no text for it
			continue
		}
		valid := json.Valid(text)
		got := run(t, g, []byte(`{"abi":1,"payload":`+strings.TrimRight(string(text), " ")+`}`))
		refused := got.Status == abi.StatusFail && got.Error.Code == abi.CodeEnvelopeInvalid
		if valid == refused && (valid || !closesTheEnvelope(text)) {
			t.Fatalf("valid is %v, the SDK answers %+v %v\n%q", valid, got, got.Error, text)
		}
		if valid {
			accepted++
		}
	}
	if accepted < 2_000 {
		t.Errorf("only %d texts were valid", accepted)
	}
}

// closesTheEnvelope tells of a text that is no value, but makes a valid
// envelope with what stands around it.
func closesTheEnvelope(text []byte) bool {
	return json.Valid([]byte(`{"abi":1,"payload":` + string(text) + `}`))
}

func takesByType(t *testing.T, g *Guest) {
	const good = `"do":"typed","name":"Zoë \ud83d\ude00\n","count":-9223372036854775808,"price":-1e-1,"paid":true,"tags":["a","\u0062"]`
	got := run(t, g, envelope(`{`+good+`}`))
	if want := `{"name":"Zoë 😀\n","count":-9223372036854775808,"price":-0.1,"paid":true,"tags":["a","b"]}`; !same(got.Output, []byte(want)) {
		t.Errorf("got %s %v, want %s", got.Output, got.Error, want)
	}
	for bad, pointer := range map[string]string{
		`{"do":"typed"}`: "/name", `{"do":"typed","name":7}`: "/name",
		`{"do":"typed","name":"","count":1.5}`:                   "/count",
		`{"do":"typed","name":"","count":9223372036854775808}`:   "/count",
		`{"do":"typed","name":"","count":0,"price":"1"}`:         "/price",
		`{"do":"typed","name":"","count":0,"price":1,"paid":1}`:  "/paid",
		strings.Replace(`{`+good+`}`, `["a","\u0062"]`, `{}`, 1): "/tags",
	} {
		got := run(t, g, envelope(bad))
		if got.Status != abi.StatusFail || got.Error.Code != abi.CodePayloadInvalid || !strings.Contains(got.Error.Message, pointer) {
			t.Errorf("%s: got %+v %v, want %s that names %s", bad, got, got.Error, abi.CodePayloadInvalid, pointer)
		}
	}
}

func speaks(t *testing.T, g *Guest) {
	for _, cancelled := range []bool{false, true} {
		g.Said, g.Cancelled = nil, cancelled
		got := run(t, g, envelope(`{"do":"host"}`))
		if want, _ := json.Marshal(cancelled); string(got.Output) != string(want) {
			t.Errorf("got %s %v, want %s", got.Output, got.Error, want)
		}
		if want := []string{"log 2 héllo", "progress 250 a quarter"}; !reflect.DeepEqual(g.Said, want) {
			t.Errorf("the host heard %q, want %q", g.Said, want)
		}
	}
}

// panics wants the place in the source. Where a language traps, the place is
// said to stderr or to the log; where the SDK catches it, in the answer.
func panics(t *testing.T, g *Guest) {
	answer, err := g.Execute(envelope(`{"do":"panic"}`))
	said := g.Stderr.String()
	switch {
	case err == nil:
		said = string(answer)
	case said == "":
		said = strings.Join(g.Said, "\n")
	case !strings.HasPrefix(said, "panic: ") || !strings.Contains(err.Error(), "handle"):
		t.Errorf("it said %q, want panic: first; the trace, which must name the handler: %v", said, err)
	}
	if !strings.Contains(said, "vectors.") {
		t.Errorf("it said %q, want the place in vectors.* in it", said)
	}
}

func run(t *testing.T, g *Guest, envelope []byte) abi.Result {
	t.Helper()
	answer, err := g.Execute(envelope)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, g.Stderr.String(), envelope)
	}
	result, err := abi.DecodeResult(answer)
	if err != nil {
		t.Fatalf("%v\n%s\nfor %s", err, answer, envelope)
	}
	return result
}

func envelope(payload string) []byte { return []byte(`{"abi":1,"payload":` + payload + `}`) }

func asking(result []byte) []byte { return envelope(`{"do":"result","result":` + string(result) + `}`) }

// same compares two texts as JSON, numbers by their digits.
func same(a, b []byte) bool {
	x, y := decode(a), decode(b)
	return x != nil && reflect.DeepEqual(x, y)
}

func decode(data []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil
	}
	return v
}

func files(t *testing.T, dir, pattern string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors match %s in %s: %v", pattern, dir, err)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = data
	}
	return out
}

// Run runs one attempt in a new instance.
func Run(t *testing.T, module []byte, payload string) abi.Result {
	t.Helper()
	return run(t, Open(t, module), envelope(payload))
}

// Greets holds a plugin to what examples/greet does.
func Greets(t *testing.T, module []byte) { GreetsAll(t, Open(t, module)) }

// GreetsAll is [Greets] for a guest that is open.
func GreetsAll(t *testing.T, g *Guest) {
	if got := run(t, g, envelope(`{"name":"world"}`)); string(got.Output) != `"Hello, world"` {
		t.Errorf("it says %s %v", got.Output, got.Error)
	}
	if want := []string{"log 1 greeting name=world"}; !reflect.DeepEqual(g.Said, want) {
		t.Errorf("it logs %q, want %q", g.Said, want)
	}
	for payload, code := range map[string]abi.Code{`{}`: abi.CodeHandlerError, `{"name":""}`: abi.CodeHandlerError, `{"name":1}`: abi.CodePayloadInvalid} {
		if got := run(t, g, envelope(payload)); got.Status != abi.StatusFail || got.Error.Code != code {
			t.Errorf("%s: got %+v %v, want a failure of code %s", payload, got, got.Error, code)
		}
	}
}

// ReadmeExample is the first block of code of a language in a README.md.
func ReadmeExample(t *testing.T, language string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "\n```"+language+"\n")
	code, _, found := strings.Cut(rest, "\n```\n")
	if !found {
		t.Fatalf("README.md has no block of %s", language)
	}
	return code + "\n"
}

// Counts holds a plugin to what the READMEs' example does.
func Counts(t *testing.T, module []byte) { CountsAll(t, Open(t, module)) }

// CountsAll is [Counts] for a guest that is open.
func CountsAll(t *testing.T, g *Guest) {
	got := run(t, g, envelope(`{"order":7,"lines":[{"sku":"a","count":2},{"sku":"b","count":3}]}`))
	if string(got.Output) != `{"pieces":5}` || len(got.Enqueue) != 1 || got.Enqueue[0].Class != "pack" {
		t.Errorf("got %+v %v", got, got.Error)
	}
	if want := []string{"log 1 order 7 counted"}; !reflect.DeepEqual(g.Said, want) {
		t.Errorf("it logs %q, want %q", g.Said, want)
	}
	if got := run(t, g, envelope(`{"order":7}`)); got.Status != abi.StatusFail || !strings.Contains(got.Error.Message, "/lines is missing") {
		t.Errorf("got %+v %v", got, got.Error)
	}
}
