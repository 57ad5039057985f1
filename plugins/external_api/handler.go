package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Codes of what can be wrong, beside those of [sdk.Fetch].
const (
	codeConfigInvalid    abi.Code = "config_invalid"
	codeExpressionFailed abi.Code = "expression_failed" // on the answer
	codeUnavailable      abi.Code = "api_unavailable"   // a status that is worth another attempt
	codeRefused          abi.Code = "api_refused"       // another that is no success
	codeAnswerMalformed  abi.Code = "answer_malformed"
	codeAnswerEncoded    abi.Code = "answer_encoded"
	codeAnswerTooLarge   abi.Code = "answer_too_large"
	codeNextElsewhere    abi.Code = "next_elsewhere"
	codePagesRepeat      abi.Code = "pages_repeat"
)

func permanent(code abi.Code, err error) error { return sdk.Permanent(sdk.WithCode(err, code)) }

type out struct {
	Status    int             `json:"status" doc:"of the last answer"`
	Body      json.RawMessage `json:"body,omitempty" doc:"the answer, or the items of all pages; absent when the class maps it"`
	Mapped    json.RawMessage `json:"mapped,omitempty" doc:"what map makes of it"`
	Pages     int             `json:"pages"`
	Truncated bool            `json:"truncated,omitempty" doc:"there are more pages than pages.max"`
}

func call(ctx context.Context, raw json.RawMessage) (out, error) {
	c, err := readConfig(ctx)
	if err != nil {
		return out{}, permanent(codeConfigInvalid, fmt.Errorf("the class's config can't be used: %w", err))
	}
	p, err := prepare(c)
	if err != nil {
		return out{}, permanent(codeConfigInvalid, fmt.Errorf("the class's config can't be used: %w", err))
	}
	w, err := p.begin(ctx, raw)
	if err != nil {
		return out{}, permanent(abi.CodePayloadInvalid, err)
	}
	if p.Pages != nil {
		return w.all(ctx)
	}
	return w.one(ctx)
}

// begin makes of a payload what the first request is made of.
func (p *plan) begin(ctx context.Context, raw json.RawMessage) (*walk, error) {
	var payload any
	if len(raw) > 0 {
		var err error
		if payload, err = decode(raw); err != nil {
			return nil, err
		}
	}
	w := &walk{plan: p, seen: map[string]bool{}, items: []any{}, left: p.MaxBytes}
	var err error
	if w.start, w.query, err = p.target(payload); err != nil {
		return nil, err
	}
	w.request, err = p.request(ctx, payload)
	return w, err
}

// one is the output of a single request.
func (w *walk) one(ctx context.Context) (out, error) {
	w.request.URL = with(w.start, w.query)
	a, err := w.ask(ctx, w.request, w.left)
	if err != nil {
		return out{}, err
	}
	o := out{Status: a.Status, Pages: 1}
	switch w.Answer {
	case answerText:
		o.Body, err = json.Marshal(strings.ToValidUTF8(string(a.text), "�"))
		return o, err
	case answerNone:
		return o, nil
	}
	return w.finish(o, a.value)
}

// all is the output of a walk over pages.
func (w *walk) all(ctx context.Context) (out, error) {
	last, count, truncated, err := w.run(ctx)
	if err != nil {
		return out{}, err
	}
	return w.finish(out{Status: last.Status, Pages: count, Truncated: truncated}, w.items)
}

// finish puts a value into the output, mapped if the class says how.
func (w *walk) finish(o out, value any) (out, error) {
	var err error
	if w.mapped == nil {
		o.Body, err = gojq.Marshal(value)
		return o, err
	}
	mapped, err := w.mapped.one(value)
	if err != nil {
		return out{}, permanent(codeExpressionFailed, fmt.Errorf("map: %w", err))
	}
	o.Mapped, err = gojq.Marshal(mapped)
	return o, err
}
