package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/cbroglie/mustache"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/lessee-run/lessee/sdk"
)

// renderMarkdown renders GitHub's dialect. Raw HTML and script links in the
// source are left out, so the page is safe to show whoever wrote it.
func renderMarkdown(source string) (string, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	var out bytes.Buffer
	if err := md.Convert([]byte(source), &out); err != nil {
		return "", fmt.Errorf("render the Markdown: %w", err)
	}
	return out.String(), nil
}

// renderTemplate renders Mustache: {{name}} is escaped, {{{name}}} is not.
func renderTemplate(source string, data json.RawMessage) (string, error) {
	values, err := decodeData(data)
	if err != nil {
		return "", fmt.Errorf("read data: %w", err)
	}
	template, err := mustache.ParseStringPartials(source, noPartials{})
	if err != nil {
		return "", sdk.WithCode(fmt.Errorf("the template is wrong: %w", err), codeTemplateInvalid)
	}
	out, err := template.Render(values)
	if err != nil {
		return "", sdk.WithCode(fmt.Errorf("the template does not fit: %w", err), codeTemplateInvalid)
	}
	return out, nil
}

// decodeData keeps numbers as they were written: as floats, a million would
// come out as 1e+06.
func decodeData(data json.RawMessage) (any, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var values any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err := dec.Decode(&values)
	return values, err
}

// noPartials refuses {{> name}}: a payload is one source.
type noPartials struct{}

func (noPartials) Get(name string) (string, error) {
	return "", fmt.Errorf("{{> %s}} names a partial, and a payload has none", name)
}
