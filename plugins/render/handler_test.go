package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

func TestMarkdownBecomesAPageTitledByItsFirstHeading(t *testing.T) {
	source := "text\n\n## Salt & *pepper*\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n- [x] done\n"
	got := sdktest.Run(t, render, in{Format: "markdown", Source: source})
	if got.Result.Status != abi.StatusOK {
		t.Fatalf("got %+v", got.Result)
	}
	contains(t, got.Output, "<!doctype html>", `<html lang="en">`, "<title>Salt &amp; pepper</title>", "<td>1</td>", "<del>2</del>", `type="checkbox"`, "</html>")
	if len(got.Log) != 1 {
		t.Errorf("log: %v", got.Log)
	}
}

func TestRawHTMLAndScriptLinksOfMarkdownAreLeftOut(t *testing.T) {
	got := sdktest.Run(t, render, in{Format: "markdown", Source: "<script>alert(1)</script> [x](javascript:alert(1)) <b onclick=x>y</b>"})
	for _, bad := range []string{"<script", "javascript:", "onclick"} {
		if strings.Contains(got.Output, bad) {
			t.Errorf("%q came through: %s", bad, got.Output)
		}
	}
}

func TestATemplateIsFilledWithEscapedData(t *testing.T) {
	got := sdktest.Run(t, render, in{
		Format: "template",
		Source: "<h1>Invoice {{number}}</h1>{{#items}}<p>{{name}}: {{price}}</p>{{/items}}{{missing}}",
		Data:   json.RawMessage(`{"number":1000000,"items":[{"name":"<b>tea</b>","price":1.50}]}`),
		Lang:   "de",
	})
	contains(t, got.Output, `<html lang="de">`, "<title>Invoice 1000000</title>", "<p>&lt;b&gt;tea&lt;/b&gt;: 1.50</p>")
}

func TestAGivenTitleIsEscapedAndWins(t *testing.T) {
	got := sdktest.Run(t, render, in{Format: "markdown", Source: "# Other", Title: "a <b>"})
	contains(t, got.Output, "<title>a &lt;b&gt;</title>")
	got = sdktest.Run(t, render, in{Format: "markdown", Source: "no heading"})
	contains(t, got.Output, "<title>Untitled</title>")
}

func TestABadPayloadFailsForGoodWithACodeAndASentence(t *testing.T) {
	cases := map[string]struct {
		payload string
		code    abi.Code
		says    string
	}{
		"no source":      {`{"format":"markdown"}`, codeSourceEmpty, "put the text into source"},
		"no format":      {`{"source":"x"}`, codeFormatUnknown, "use markdown or template"},
		"unknown format": {`{"source":"x","format":"pdf"}`, codeFormatUnknown, `"pdf"`},
		"open section":   {`{"source":"{{#a}}","format":"template"}`, codeTemplateInvalid, "line 1"},
		"a partial":      {`{"source":"{{> a}}","format":"template"}`, codeTemplateInvalid, "{{> a}}"},
		"wrong type":     {`{"source":7,"format":"template"}`, abi.CodePayloadInvalid, `"source"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := sdktest.Run(t, render, in{}, sdktest.Payload(c.payload)).Result
			if got.Status != abi.StatusFail || got.Error.Code != c.code || !strings.Contains(got.Error.Message, c.says) {
				t.Errorf("got %s %+v", got.Status, got.Error)
			}
		})
	}
}

func contains(t *testing.T, html string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(html, want) {
			t.Errorf("%q is not in:\n%s", want, html)
		}
	}
}
