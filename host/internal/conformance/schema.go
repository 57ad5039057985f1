package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSchema bounds a schema as fn_manifest_fault does, in bytes.
const maxSchema = 64 << 10

func checkSchemas(_ context.Context, t *trial) (finding, error) {
	m := t.info.Manifest
	if m == nil {
		return skips("it has no manifest"), nil
	}
	schemas := []struct {
		key    string
		schema json.RawMessage
	}{{"payload", m.Schemas.Payload}, {"output", m.Schemas.Output}, {"config", m.Schemas.Config}}
	given := 0
	for _, s := range schemas {
		if len(s.schema) == 0 {
			continue
		}
		given++
		if fault := schemaFault(s.schema); fault != "" {
			return fails("schemas.%s: %s. The database refuses the module for it: mend the schema, and pack the manifest again", s.key, fault), nil
		}
	}
	if given == 0 {
		return warns("its manifest has no schemas: a payload that the handler can't take is found when the job runs, not when it is enqueued. Give schemas in plugin.json"), nil
	}
	return passes("%d of 3", given), nil
}

// schemaFault says why the database would not take a schema; empty: it would,
// as far as can be told without it.
func schemaFault(schema json.RawMessage) string {
	if len(schema) > maxSchema {
		return fmt.Sprintf("it has %d bytes, and may have %d", len(schema), maxSchema)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err.Error()
	}
	if keyword := unknownKeyword(doc); keyword != "" {
		return fmt.Sprintf("keyword %q is not supported: leave it out, or validate in the executor", keyword)
	}
	if _, err := compile(doc); err != nil {
		return err.Error()
	}
	return ""
}

func compile(doc any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("mem:///schema.json")
}

// keywords are those that the database knows, and what of schemas their values
// hold; fn_json_schema_check has the same list, and a test compares the two.
func keywords() map[string]holds {
	known := map[string]holds{}
	for kind, names := range map[holds][]string{
		aSchema: {"additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"},
		aList:   {"prefixItems", "allOf", "anyOf", "oneOf"},
		aMap:    {"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"},
		none: {"type", "enum", "const", "required", "dependentRequired", "minProperties", "maxProperties", "minContains", "maxContains", "minItems", "maxItems",
			"uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "$ref", "$schema", "$id",
			"$comment", "title", "description", "format", "contentEncoding", "contentMediaType", "default", "examples", "deprecated", "readOnly", "writeOnly"},
	} {
		for _, name := range names {
			known[name] = kind
		}
	}
	return known
}

// holds says what of schemas a keyword's value holds.
type holds int

const (
	none holds = iota
	aSchema
	aList
	aMap
)

// unknownKeyword is the first keyword that the database does not know, empty: none.
func unknownKeyword(schema any) string {
	object, ok := schema.(map[string]any)
	if !ok {
		return ""
	}
	known := keywords()
	for _, name := range slices.Sorted(maps.Keys(object)) {
		kind, ok := known[name]
		if !ok && !bytes.HasPrefix([]byte(name), []byte("x-")) {
			return name
		}
		for _, inner := range inside(kind, object[name]) {
			if keyword := unknownKeyword(inner); keyword != "" {
				return keyword
			}
		}
	}
	return ""
}

func inside(kind holds, value any) (schemas []any) {
	switch kind {
	case aSchema:
		return []any{value}
	case aList:
		schemas, _ = value.([]any)
	case aMap:
		object, _ := value.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(object)) {
			schemas = append(schemas, object[name])
		}
	}
	return schemas
}

// takes says whether all schemas take a value; one that can't be used takes everything.
func takes(value json.RawMessage, schemas ...json.RawMessage) bool {
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return false
	}
	for _, schema := range schemas {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
		if err != nil {
			continue
		}
		if compiled, err := compile(doc); err == nil && compiled.Validate(instance) != nil {
			return false
		}
	}
	return true
}
