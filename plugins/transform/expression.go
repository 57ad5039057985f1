package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// compile makes a program whose results depend on its input and nothing else:
// without files, modules, environment, other inputs, clock and time zone.
func compile(expression string) (*gojq.Code, error) {
	query, err := gojq.Parse(expression)
	if err != nil {
		return nil, located(expression, err)
	}
	prelude, err := gojq.Parse(withoutClock)
	if err != nil {
		return nil, fmt.Errorf("parse the prelude: %w", err)
	}
	query.FuncDefs = append(prelude.FuncDefs, query.FuncDefs...)
	asked := false
	program, err := gojq.Compile(query,
		gojq.WithEnvironLoader(func() []string { asked = true; return nil }), // called when something names the environment
		gojq.WithFunction("_refused", 1, 1, func(_ any, names []any) any {
			return fmt.Errorf("%v is refused, because the same input must give the same output: put the time into the payload, and use gmtime and strftime", names[0])
		}))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the expression is wrong: %w", err)
	case asked:
		return nil, errors.New("the expression asks for the environment, and a plugin has none: put the value into the payload or the expression")
	}
	return program, nil
}

// withoutClock replaces what differs from one run to the next.
const withoutClock = `
def now: _refused("now");
def localtime: _refused("localtime");
def strflocaltime($format): _refused("strflocaltime");
.`

// located says where a syntax error is.
func located(expression string, err error) error {
	syntax := (*gojq.ParseError)(nil)
	if !errors.As(err, &syntax) {
		return fmt.Errorf("the expression is wrong: %w", err)
	}
	read := expression[:min(max(syntax.Offset-len(syntax.Token), 0), len(expression))]
	line := read[strings.LastIndexByte(read, '\n')+1:]
	return fmt.Errorf("the expression is wrong at line %d, column %d: %w", strings.Count(read, "\n")+1, utf8.RuneCountInString(line)+1, err)
}

// halted tells the end that halt asks for from errors; halt_error is one.
func halted(err error) bool {
	halt := (*gojq.HaltError)(nil)
	return errors.As(err, &halt) && halt.Value() == nil
}

// decode keeps numbers as they were written: those that the expression does
// not reckon with come out digit by digit.
func decode(data json.RawMessage) (any, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}
