package conformance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// files are those of testdata that match, by their paths.
func files(testdata fs.FS, pattern string) (names []string, _ map[string][]byte, err error) {
	if names, err = fs.Glob(testdata, pattern); err != nil || len(names) == 0 {
		return nil, nil, fmt.Errorf("no vectors match %s: %w", pattern, err)
	}
	slices.Sort(names)
	contents := map[string][]byte{}
	for _, name := range names {
		if contents[name], err = fs.ReadFile(testdata, name); err != nil {
			return nil, nil, err
		}
	}
	return names, contents, nil
}

func validEnvelopes(testdata fs.FS) (vectors []vector, err error) {
	names, contents, err := files(testdata, "envelope/valid/*.json")
	for _, name := range names {
		e, err := abi.DecodeEnvelope(contents[name])
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, vector{name: path.Base(name), envelope: contents[name], judge: answers(echo(e))})
	}
	return vectors, err
}

// echo is an envelope as the guest tells it.
func echo(e abi.Envelope) string {
	told := map[string]any{
		"id": e.Job.ID, "class": e.Job.Class, "attempt": e.Job.Attempt, "max_attempts": e.Job.MaxAttempts,
		"enqueued_ms": e.Job.EnqueuedAt.UnixMilli(), "deadline_ms": e.Job.Deadline.UnixMilli(), "idempotency_key": e.Job.IdempotencyKey,
		"traceparent": e.Trace.Traceparent, "tracestate": e.Trace.Tracestate,
	}
	for key, raw := range map[string]json.RawMessage{"config": e.Config, "payload": e.Payload} {
		if len(raw) > 0 {
			told[key] = raw
		}
	}
	encoded, _ := json.Marshal(told) // it was decoded from JSON
	return string(encoded)
}

// answers wants an output, compared as JSON with numbers by their digits.
func answers(output string) func(answered) string {
	return func(a answered) string {
		if a.failure() == nil && a.result.Status == abi.StatusOK && sameJSON(a.result.Output, []byte(output)) {
			return ""
		}
		return fmt.Sprintf("it answers %s %v, want %s", a.result.Output, errorText(a.failure()), output)
	}
}

// nulls are leaves that a host takes for absent ones, and some languages have
// nothing else to leave a value out.
func nulls(_, value string) bool { return value == "null" }

// sameJSON compares two texts as JSON, but for leaves that are left out; what is
// no JSON is like nothing.
func sameJSON(a, b []byte, leftOut ...func(at, value string) bool) bool {
	if !json.Valid(a) || !json.Valid(b) {
		return false
	}
	x, y := map[string]string{}, map[string]string{}
	collect(parse(a), nil, x)
	collect(parse(b), nil, y)
	for _, out := range leftOut {
		maps.DeleteFunc(x, out)
		maps.DeleteFunc(y, out)
	}
	return maps.Equal(x, y)
}

// failing wants a failure with a code, and words in its message.
func failing(code abi.Code, words string) func(answered) string {
	return func(a answered) string {
		e := a.failure()
		if a.err == nil && a.result.Status == abi.StatusFail && e.Code == code && e.Message != "" && strings.Contains(e.Message, words) {
			return ""
		}
		return fmt.Sprintf("it answers %s %s %v, want a failure of code %s with %q in its message", a.result.Status, a.result.Output, errorText(e), code, words)
	}
}

func invalidEnvelopes(testdata fs.FS) (vectors []vector, err error) {
	names, contents, err := files(testdata, "envelope/invalid/*/*.json")
	for _, name := range names {
		code := abi.Code(path.Base(path.Dir(name)))
		vectors = append(vectors, vector{name: path.Base(name), envelope: contents[name], judge: failing(code, "")})
	}
	return vectors, err
}

func validResults(testdata fs.FS) (vectors []vector, err error) {
	names, contents, err := files(testdata, "result/valid/*.json")
	for _, name := range names {
		want, err := abi.DecodeResult(contents[name])
		if err != nil {
			return nil, err
		}
		wanted, err := abi.EncodeResult(want)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, vector{name: path.Base(name), envelope: ordering(`{"do":"result","result":` + string(contents[name]) + `}`), judge: func(a answered) string {
			made, err := abi.EncodeResult(a.result)
			if a.err == nil && err == nil && sameJSON(made, wanted, nulls) {
				return ""
			}
			return fmt.Sprintf("it answers %s %v, want %s", made, errorText(a.err), wanted)
		}})
	}
	return vectors, err
}

// invalidResults are asked for by what the SDK has: it may answer something
// else that is valid, or refuse by code; what it lets through, the host refuses.
func invalidResults(testdata fs.FS) (vectors []vector, err error) {
	names, contents, err := files(testdata, "result/invalid/*.json")
	for _, name := range names {
		if !json.Valid(contents[name]) {
			continue // no payload could hold it
		}
		vectors = append(vectors, vector{name: path.Base(name), envelope: ordering(`{"do":"result","result":` + string(contents[name]) + `}`), judge: func(a answered) string {
			if a.err == nil || a.err.Code == abi.CodeResultInvalid {
				return ""
			}
			return fmt.Sprintf("it ends with %v, want a result, or a refusal with code %s", a.err, abi.CodeResultInvalid)
		}})
	}
	return vectors, err
}

// ordering is an envelope with a payload alone.
func ordering(payload string) []byte { return []byte(`{"abi":1,"payload":` + payload + `}`) }

func typed(fs.FS) ([]vector, error) {
	const good = `"do":"typed","name":"Zoë \ud83d\ude00\n","count":-9223372036854775808,"price":-1e-1,"paid":true,"tags":["a","\u0062"]`
	vectors := []vector{{name: "good", envelope: ordering(`{` + good + `}`),
		judge: answers(`{"name":"Zoë 😀\n","count":-9223372036854775808,"price":-0.1,"paid":true,"tags":["a","b"]}`)}}
	for _, bad := range [][2]string{
		{`{"do":"typed"}`, "/name"},
		{`{"do":"typed","name":7}`, "/name"},
		{`{"do":"typed","name":"","count":1.5}`, "/count"},
		{`{"do":"typed","name":"","count":9223372036854775808}`, "/count"},
		{`{"do":"typed","name":"","count":0,"price":"1"}`, "/price"},
		{`{"do":"typed","name":"","count":0,"price":1,"paid":1}`, "/paid"},
		{strings.Replace(`{`+good+`}`, `["a","\u0062"]`, `{}`, 1), "/tags"},
	} {
		vectors = append(vectors, vector{name: bad[0], envelope: ordering(bad[0]), judge: failing(abi.CodePayloadInvalid, bad[1])})
	}
	return vectors, nil
}

func speaking(fs.FS) ([]vector, error) {
	hears := func(output string, a answered) string {
		want := []string{"héllo", "progress 250 a quarter"}
		if len(a.heard) != 2 || !strings.HasPrefix(a.heard[0], "log 2 ") || !strings.Contains(a.heard[0], want[0]) || a.heard[1] != want[1] {
			return fmt.Sprintf("the host heard %q, want a warning with %q and %q", a.heard, want[0], want[1])
		}
		return answers(output)(a)
	}
	return []vector{
		{name: "not cancelled", envelope: ordering(`{"do":"host"}`), judge: func(a answered) string { return hears("false", a) }},
		{name: "cancelled", envelope: ordering(`{"do":"host"}`), stops: true, judge: func(a answered) string {
			if a.err != nil && a.err.Code == abi.CodeCancelled {
				return "" // the host was faster
			}
			return hears("true", a)
		}},
	}, nil
}

func panicking(fs.FS) ([]vector, error) {
	return []vector{{name: "panic", envelope: ordering(`{"do":"panic"}`), judge: func(a answered) string {
		e := a.failure()
		switch {
		case e == nil:
			return fmt.Sprintf("it answers %s, and should have panicked", a.result.Output)
		case !inSource.MatchString(place(e)):
			return fmt.Sprintf("its error names %q as the place, want a file of the source and a line: %v %s", place(e), e, e.Detail)
		}
		return ""
	}}}, nil
}
