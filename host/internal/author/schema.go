package author

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxViolations is how many a message tells, as the database's does.
const maxViolations = 10

// violations says where a value breaks a JSON Schema: JSON pointers and words;
// empty: nowhere. No schema allows everything, and no value is JSON null.
func violations(schema, value json.RawMessage) string {
	if len(schema) == 0 {
		return ""
	}
	compiled, err := compileSchema(schema)
	if err != nil {
		return fmt.Sprintf("(the schema itself can't be used: %v)", err)
	}
	if len(value) == 0 {
		value = json.RawMessage("null")
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return fmt.Sprintf("(root) is no JSON: %v", err)
	}
	broken := (*jsonschema.ValidationError)(nil)
	if err := compiled.Validate(instance); !errors.As(err, &broken) {
		return ""
	}
	found := leaves(broken, nil)
	return strings.Join(found[:min(len(found), maxViolations)], "; ")
}

func compileSchema(schema json.RawMessage) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("mem:///schema.json")
}

// leaves are the innermost of the violations.
func leaves(e *jsonschema.ValidationError, found []string) []string {
	if len(e.Causes) == 0 {
		where := pointer(e.InstanceLocation)
		if where == "" {
			where = "(root)"
		}
		return append(found, where+" "+e.BasicOutput().Error.String())
	}
	for _, cause := range e.Causes {
		found = leaves(cause, found)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// pointer is a JSON Pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, part := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return b.String()
}
