package author

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestCompare_NamesEveryPlaceByItsPointer(t *testing.T) {
	for name, c := range map[string]struct {
		expected, got string
		want          []string
	}{
		"the same":                      {`{"output": {"a": [1, {"b": null}]}}`, `{"status": "ok", "output": {"a": [1, {"b": null}]}}`, nil},
		"numbers by value":              {`{"output": [1, 100, 0.5]}`, `{"output": [1.0, 1e2, 5e-1]}`, nil},
		"digits beyond float":           {`{"output": 10000000000000001}`, `{"output": 10000000000000002}`, []string{`/output 10000000000000001 10000000000000002`}},
		"parts that nobody mentioned":   {`{"output": 1}`, `{"status": "ok", "output": 1, "enqueue": [{"class": "x"}]}`, nil},
		"a value deep inside":           {`{"output": {"a": [1, {"b": 2}]}}`, `{"output": {"a": [1, {"b": 3}]}}`, []string{`/output/a/1/b 2 3`}},
		"a key too many and one absent": {`{"output": {"a": 1}}`, `{"output": {"b": 1}}`, []string{`/output/a 1 -`, `/output/b - 1`}},
		"an array too long":             {`{"output": [1]}`, `{"output": [1, 2]}`, []string{`/output/1 - 2`}},
		"a pointer's own characters":    {`{"output": {"a/b~c": 1}}`, `{"output": {"a/b~c": 2}}`, []string{`/output/a~1b~0c 1 2`}},
		"another type":                  {`{"output": "1"}`, `{"output": 1}`, []string{`/output "1" 1`}},
		"no output at all":              {`{"output": 1}`, `{"status": "fail", "error": {"code": "c", "message": "m"}}`, []string{`/output 1 -`, `/error - {"code":"c","message":"m"}`}},
		"an error by its code":          {`{"error": {"code": "c"}}`, `{"status": "fail", "error": {"code": "c", "message": "m"}}`, nil},
		"another error":                 {`{"error": {"code": "c"}}`, `{"error": {"code": "d"}}`, []string{`/error/code "c" "d"`}},
		"no error":                      {`{"error": {"code": "c"}}`, `{"status": "ok"}`, []string{`/error {"code":"c"} -`}},
	} {
		t.Run(name, func(t *testing.T) {
			var expected, got map[string]any
			if err := decodeNumbers([]byte(c.expected), &expected); err != nil {
				t.Fatal(err)
			}
			if err := decodeNumbers([]byte(c.got), &got); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, d := range compare(expected, got) {
				found = append(found, d.Pointer+" "+orDash(d.Want)+" "+orDash(d.Got))
			}
			if !reflect.DeepEqual(found, c.want) {
				t.Errorf("it finds %q, want %q", found, c.want)
			}
		})
	}
}

func orDash(data json.RawMessage) string {
	if len(data) == 0 {
		return "-"
	}
	return string(data)
}

func TestPairs_RefusesFilesThatWouldBePassedOver(t *testing.T) {
	for name, c := range map[string]struct{ file, text, says string }{
		"an expectation without input": {"tests/other.expected.json", `{"output": 1}`, "has no input"},
		"an unknown part":              {"tests/greets.expected.json", `{"outputs": 1}`, `"outputs" is no part of a result`},
		"no part":                      {"tests/greets.expected.json", `{}`, "expects nothing"},
		"no JSON":                      {"tests/greets.input.json", `{`, "greets.input.json is not the JSON"},
	} {
		p := newProject(t)
		put(t, p, c.file, c.text)
		_, err := p.Pairs()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPairs_UpdateWritesWhatIsThere(t *testing.T) {
	m, p := load(t), newProject(t)
	put(t, p, "tests/greets.expected.json", `{"output": {"greeting": "Good evening"}}`)
	put(t, p, "tests/more.input.json", `{"name": "more"}`)
	pairs, err := p.Pairs()
	if err != nil {
		t.Fatal(err)
	}
	changed := map[string]bool{}
	for _, pair := range pairs {
		if changed[pair.Name], err = pair.Update(t.Context(), m, ClassOf(m)); err != nil {
			t.Fatal(err)
		}
	}
	if want := map[string]bool{"greets": true, "more": true, "nobody": false}; !reflect.DeepEqual(changed, want) {
		t.Errorf("%v were written, want %v", changed, want)
	}
	text, err := os.ReadFile(pairs[0].File())
	if err != nil || string(text) != "{\n  \"output\": {\n    \"greeting\": \"Hello, world\"\n  }\n}\n" {
		t.Errorf("%s, %v", text, err)
	}
}
