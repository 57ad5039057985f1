package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itchyny/gojq"
)

// expression is a compiled expression of jq. It reaches no file, no module, no
// environment and no other input.
type expression struct{ code *gojq.Code }

// compile makes an expression of the config's key; nil when there is none.
func compile(key, text string) (*expression, error) {
	if text == "" {
		return nil, nil
	}
	query, err := gojq.Parse(text)
	if err != nil {
		syntax := (*gojq.ParseError)(nil)
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s: the expression is wrong after byte %d: %w", key, syntax.Offset-len(syntax.Token), err)
		}
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, fmt.Errorf("%s: the expression is wrong: %w", key, err)
	}
	return &expression{code}, nil
}

// all are the results of the expression, at most so many.
func (e *expression) all(input any, most int) ([]any, error) {
	var results []any
	for iter := e.code.Run(input); len(results) < most; {
		result, ok := iter.Next()
		if !ok {
			break
		}
		if err, failed := result.(error); failed {
			return nil, fmt.Errorf("%.2000s", err.Error()) // it may quote the input
		}
		results = append(results, result)
	}
	return results, nil
}

// one is the only result that the expression may have.
func (e *expression) one(input any) (any, error) {
	results, err := e.all(input, 2)
	if err == nil && len(results) != 1 {
		err = errors.New("the expression must give exactly one result; put it into [ ] or end it with // null")
	}
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// decode keeps numbers as they were written.
func decode(data []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}
