package abi

import (
	"strings"
	"testing"
)

func TestPointerTo_NamesWhereAByteLies(t *testing.T) {
	for text, want := range map[string]string{ // the byte is the first @
		`"@"`:                            "",
		`{"@":1}`:                        "/@",
		`{"a":"@"}`:                      "/a",
		`{"a":1,"b":[0,{"c":"x@"}]}`:     "/b/1/c",
		`{"a":{"b":1},"c":[[],["@"]]}`:   "/c/1/0",
		`{"a/b":{"~":"@"}}`:              "/a~1b/~0",
		`[{"a":1},{},[],"x",null,"@",1]`: "/5",
		`{"a":[],"b":{},"c@":1}`:         "/c@",
	} {
		if got := pointerTo([]byte(text), strings.IndexByte(text, '@')); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestPointerTo_IsShortHoweverDeepTheValue(t *testing.T) {
	deep := strings.Repeat(`{"ü":`, 400) + `"@"` + strings.Repeat("}", 400)
	if got := pointerTo([]byte(deep), strings.IndexByte(deep, '@')); len(got) > maxPointer+len("…") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

func TestDecodeResult_SaysWhereItIsThatPostgresCantStore(t *testing.T) {
	for output, want := range map[string]string{
		`{"pages":[{"title":"a\u0000b"}]}`: `a string holds \u0000, at /output/pages/0/title`,
		`{"a\u0000":1}`:                    `a string holds \u0000, at /output/a`,
		`[1,1e99999]`:                      "the exponent of 1e99999 is beyond 10000, at /output/1",
		`"\ud800"`:                         `half of a surrogate pair, \ud800, at /output`,
		"\"\xff\"":                         "it is not valid UTF-8, at /output",
	} {
		_, err := DecodeResult([]byte(`{"status":"ok","output":` + output + `}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", output, err, want)
		}
	}
}
