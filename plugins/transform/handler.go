package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itchyny/gojq"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Codes of what can be wrong. All are permanent: the same expression does the
// same to the same input.
const (
	codeConfigInvalid     abi.Code = "config_invalid"
	codePayloadInvalid             = abi.CodePayloadInvalid
	codeExpressionInvalid abi.Code = "expression_invalid"
	codeExpressionFailed  abi.Code = "expression_failed"
	codeResultsNone       abi.Code = "results_none"
	codeResultsMany       abi.Code = "results_many"
)

func permanent(code abi.Code, err error) error { return sdk.Permanent(sdk.WithCode(err, code)) }

func transform(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
	c, err := readConfig(ctx)
	if err != nil {
		return nil, err
	}
	w, err := c.work(payload)
	if err != nil {
		return nil, err
	}
	input, err := decode(w.Input)
	if err != nil {
		return nil, permanent(codePayloadInvalid, err)
	}
	program, err := compile(w.Expression)
	if err != nil {
		return nil, permanent(codeExpressionInvalid, err)
	}
	results, err := run(program, input, c.Many)
	if err != nil {
		return nil, err
	}
	sdk.Logger(ctx).Info("transformed", "input_bytes", len(w.Input), "results", len(results))
	if c.Many {
		return gojq.Marshal(results)
	}
	return gojq.Marshal(results[0])
}

// run collects all results, or the only one that there may be.
func run(program *gojq.Code, input any, many bool) ([]any, error) {
	results := []any{}
	for iter := program.Run(input); ; {
		result, ok := iter.Next()
		if !ok {
			break
		}
		if err, failed := result.(error); failed {
			if halted(err) {
				break
			}
			return nil, permanent(codeExpressionFailed, fmt.Errorf("the expression failed: %.2000s", err.Error())) // it may quote the input
		}
		if results = append(results, result); !many && len(results) > 1 {
			return nil, permanent(codeResultsMany, errors.New("the expression gives more than one result: put it into [ ], or set \"many\": true in the class's config"))
		}
	}
	if !many && len(results) == 0 {
		return nil, permanent(codeResultsNone, errors.New("the expression gives no result: end it with // null, or set \"many\": true in the class's config"))
	}
	return results, nil
}
