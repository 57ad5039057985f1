package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema is a JSON Schema that is ready to be asked.
type schema struct{ compiled *jsonschema.Schema }

func newSchema(text json.RawMessage) (*schema, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, errors.New("it is missing")
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nowhere{})
	const name = "mem:///schema"
	if err := c.AddResource(name, document); err != nil {
		return nil, err
	}
	compiled, err := c.Compile(name)
	return &schema{compiled}, err
}

// nowhere refuses a $ref out of the schema.
type nowhere struct{}

func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("it refers to %s, and a schema here stands alone: put it into $defs", url)
}

// maxViolations is how much is told of what is wrong, in bytes.
const maxViolations = 1000

// check reads a JSON value and holds it against the schema. The error says
// where it breaks it.
func (s *schema) check(text []byte) (any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	broken := (*jsonschema.ValidationError)(nil)
	if err := s.compiled.Validate(value); errors.As(err, &broken) {
		_, where, _ := strings.Cut(broken.Error(), "\n") // the first line names the schema
		return nil, fmt.Errorf("%.*s", maxViolations, strings.ReplaceAll(strings.TrimPrefix(where, "- "), "\n- ", "; "))
	}
	return value, nil
}
