package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Codes of what can be wrong with a payload. All are permanent: another
// attempt would render the same source.
const (
	codeFormatUnknown   abi.Code = "format_unknown"
	codeSourceEmpty     abi.Code = "source_empty"
	codeTemplateInvalid abi.Code = "template_invalid"
)

// Formats of a source.
const (
	formatMarkdown = "markdown"
	formatTemplate = "template"
)

type in struct {
	Format string          `json:"format"` // "markdown" or "template"
	Source string          `json:"source"`
	Data   json.RawMessage `json:"data"`  // what the tags of a template name
	Title  string          `json:"title"` // absent: the first heading
	Lang   string          `json:"lang"`  // BCP 47; absent: en
}

func render(ctx context.Context, in in) (string, error) {
	body, err := renderBody(in)
	if err != nil {
		return "", sdk.Permanent(err)
	}
	html, err := page(in.Title, in.Lang, body)
	if err != nil {
		return "", err
	}
	sdk.Logger(ctx).Info("rendered", "format", in.Format, "source_bytes", len(in.Source), "page_bytes", len(html))
	return html, nil
}

func renderBody(in in) (string, error) {
	if in.Source == "" {
		return "", sdk.WithCode(errors.New("there is nothing to render: put the text into source"), codeSourceEmpty)
	}
	switch in.Format {
	case formatMarkdown:
		return renderMarkdown(in.Source)
	case formatTemplate:
		return renderTemplate(in.Source, in.Data)
	}
	return "", sdk.WithCode(fmt.Errorf("format %q is unknown: use markdown or template", in.Format), codeFormatUnknown)
}
