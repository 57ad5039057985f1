package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lessee-run/lessee/sdk"
)

// config is what the operator writes into the class row.
type config struct {
	Expression   string `json:"expression,omitempty" doc:"jq; . is the payload"`
	Many         bool   `json:"many,omitempty" doc:"the output is an array of all results; else there has to be exactly one"`
	FromPayloads bool   `json:"allow_expression_in_payload,omitempty" doc:"payloads are {expression, input}; without an expression, the class's"`
}

// readConfig refuses a field that it does not know: misspelt, it would be lost
// in silence.
func readConfig(ctx context.Context) (config, error) {
	var c config
	raw, err := sdk.Config[json.RawMessage](ctx)
	if err == nil && len(raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		err = d.Decode(&c)
	}
	if err == nil && c.Expression == "" && !c.FromPayloads {
		err = errors.New(`it has no expression: write {"expression": "…"}, or let payloads bring theirs by "allow_expression_in_payload": true`)
	}
	if err != nil {
		return config{}, permanent(codeConfigInvalid, fmt.Errorf("the class's config can't be used: %w", err))
	}
	return c, nil
}

// work is one expression and what it is applied to.
type work struct {
	Expression string          `json:"expression"`
	Input      json.RawMessage `json:"input"`
}

// work finds both. A payload that may bring an expression always has the one
// shape, so that no input can be mistaken for one.
func (c config) work(payload json.RawMessage) (work, error) {
	if !c.FromPayloads {
		return work{c.Expression, payload}, nil
	}
	w := work{Expression: c.Expression}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return work{}, permanent(codePayloadInvalid, fmt.Errorf("the payload is not {expression, input}: %w", err))
	}
	if w.Expression == "" {
		return work{}, permanent(codePayloadInvalid, errors.New("neither the payload nor the class has an expression"))
	}
	return w, nil
}
