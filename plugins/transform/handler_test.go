package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

func apply(t *testing.T, c any, payload string) abi.Result {
	t.Helper()
	return sdktest.Run(t, transform, nil, sdktest.Config(c), sdktest.Payload(payload)).Result
}

func TestAnExpressionMakesJSONOfJSON(t *testing.T) {
	cases := map[string]struct{ expression, payload, want string }{
		"a path":                {`.a.b`, `{"a":{"b":[1]}}`, `[1]`},
		"an object":             {`{name: .n, total: ([.items[].price] | add)}`, `{"n":"x","items":[{"price":1},{"price":2.5}]}`, `{"name":"x","total":3.5}`},
		"nothing of a null":     {`.a // "none"`, `null`, `"none"`},
		"a text":                {`.when | gmtime | strftime("%Y-%m-%d")`, `{"when":0}`, `"1970-01-01"`},
		"a regular expression":  {`capture("(?<year>\\d+)")`, `"in 2026"`, `{"year":"2026"}`},
		"a definition":          {`def twice: . * 2; map(twice)`, `[1,2]`, `[2,4]`},
		"a halt after a result": {`1, halt, 2`, `null`, `1`},
		"markup":                {`.`, `"<b>&"`, `"<b>&"`},
		"a caught error":        {`try error("x") catch .`, `null`, `"x"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := apply(t, config{Expression: c.expression}, c.payload)
			if got.Status != abi.StatusOK || string(got.Output) != c.want {
				t.Errorf("got %s %s %v, want %s", got.Status, got.Output, got.Error, c.want)
			}
		})
	}
}

func TestNumbersComeOutDigitByDigit(t *testing.T) {
	for expression, want := range map[string]string{
		`.`:                     `[12345678901234567890123,1.10,1e400,-0]`,
		`.[0] + 1`:              `12345678901234567890124`,
		`.[0] * 1000`:           `12345678901234567890123000`,
		`.[:2] | sort`:          `[1.10,12345678901234567890123]`,
		`.[0] | tostring`:       `"12345678901234567890123"`,
		`.[0] % 10`:             `3`,
		`{(.[1]|tojson): .[2]}`: `{"1.10":1e400}`,
	} {
		got := apply(t, config{Expression: expression}, `[12345678901234567890123, 1.10, 1e400, -0]`)
		if string(got.Output) != want {
			t.Errorf("%s gives %s %v, want %s", expression, got.Output, got.Error, want)
		}
	}
}

func TestManyResultsAreAnArrayWhenTheClassSaysSo(t *testing.T) {
	for expression, want := range map[string]string{`.[]`: `[1,2]`, `empty`: `[]`, `.`: `[[1,2]]`} {
		if got := apply(t, config{Expression: expression, Many: true}, `[1,2]`); string(got.Output) != want {
			t.Errorf("%s gives %s %v, want %s", expression, got.Output, got.Error, want)
		}
	}
}

func TestWhatIsWrongIsPermanentAndSaysWhere(t *testing.T) {
	cases := map[string]struct {
		expression string
		code       abi.Code
		says       string
	}{
		"a token too many":        {"{a: 1}\n  | .a }", codeExpressionInvalid, `line 2, column 8: unexpected token "}"`},
		"no end":                  {`[1, 2`, codeExpressionInvalid, "line 1, column 6: unexpected EOF"},
		"an open text":            {`"é" + "x`, codeExpressionInvalid, "unterminated string literal"},
		"an unknown function":     {`.a | flaten`, codeExpressionInvalid, "flaten/0"},
		"an unknown variable":     {`$x`, codeExpressionInvalid, "$x"},
		"the environment":         {`$ENV.HOME`, codeExpressionInvalid, "environment"},
		"the environment by name": {`env | keys`, codeExpressionInvalid, "environment"},
		"a module":                {`import "x" as x; x::f`, codeExpressionInvalid, `"x"`},
		"a file of data":          {`include "/etc/passwd"; .`, codeExpressionInvalid, "/etc/passwd"},
		"another input":           {`input`, codeExpressionInvalid, "input"},
		"other inputs":            {`[inputs]`, codeExpressionInvalid, "input"},
		"a word to the terminal":  {`debug`, codeExpressionInvalid, "debug/0"},
		"the clock":               {`now`, codeExpressionFailed, "now is refused"},
		"the time zone":           {`0 | localtime`, codeExpressionFailed, "localtime is refused"},
		"the time zone as text":   {`0 | strflocaltime("%H")`, codeExpressionFailed, "strflocaltime is refused"},
		"a wrong type":            {`.a + 1`, codeExpressionFailed, `cannot add: string ("x") and number (1)`},
		"an error of its own":     {`error("no \(.a)")`, codeExpressionFailed, "no x"},
		"halt_error":              {`halt_error`, codeExpressionFailed, "the expression failed"},
		"no result":               {`empty`, codeResultsNone, "many"},
		"two results":             {`1, 2`, codeResultsMany, "many"},
		"endless results":         {`repeat(1)`, codeResultsMany, "many"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := apply(t, config{Expression: c.expression}, `{"a":"x"}`)
			if got.Status != abi.StatusFail || got.Error.Code != c.code || !strings.Contains(got.Error.Message, c.says) {
				t.Errorf("got %s %v", got.Status, got.Error)
			}
		})
	}
}

func TestAPayloadBringsAnExpressionOnlyWhenTheClassSaysSo(t *testing.T) {
	payload := `{"expression":".[0]","input":[7]}`
	if got := apply(t, config{FromPayloads: true}, payload); string(got.Output) != "7" {
		t.Errorf("allowed: %s %v", got.Output, got.Error)
	}
	if got := apply(t, config{Expression: "keys"}, payload); string(got.Output) != `["expression","input"]` {
		t.Errorf("not allowed: %s %v", got.Output, got.Error)
	}
	if got := apply(t, config{FromPayloads: true, Expression: "length"}, `{"input":[1,2,3]}`); string(got.Output) != "3" {
		t.Errorf("the class's own: %s %v", got.Output, got.Error)
	}
	for _, payload := range []string{`{"input":1}`, `{"expresion":"."}`, `[]`, `"."`, `null`} {
		if got := apply(t, config{FromPayloads: true}, payload); got.Status != abi.StatusFail || got.Error.Code != codePayloadInvalid {
			t.Errorf("%s: %s %v", payload, got.Status, got.Error)
		}
	}
}

func TestAConfigThatCanNotBeMeantIsPermanent(t *testing.T) {
	for _, c := range []string{`{}`, `{"expresion":"."}`, `{"expression":7}`, `[]`} {
		got := apply(t, json.RawMessage(c), `null`)
		if got.Status != abi.StatusFail || got.Error.Code != codeConfigInvalid {
			t.Errorf("%s: %s %v", c, got.Status, got.Error)
		}
	}
}
