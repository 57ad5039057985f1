package postgres_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// reference compiles a schema with the validator that the SQL functions are compared to.
func reference(schema string) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(schema)))
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

// schemaCase is a schema, values to check, and what the reference thinks of them.
type schemaCase struct {
	Schema json.RawMessage   `json:"schema"`
	Values []json.RawMessage `json:"values"`
	valid  []bool
}

func TestPostgresAgreesWithAnotherValidatorOnGeneratedPairs(t *testing.T) {
	conn := schemaDB(t)
	const batches, schemas, values = 20, 50, 12
	var valid int
	for seed := range uint64(batches) {
		cases := generateCases(t, seed, schemas, values)
		for i, got := range verdicts(t, conn, cases) {
			c := cases[i]
			if got.Fault != "" {
				t.Errorf("seed %d: %s\n schema %s", seed, got.Fault, c.Schema)
			}
			for j, want := range c.valid {
				if want {
					valid++
				}
				if got.Valid[j] != want {
					t.Errorf("seed %d: the reference says valid=%v, Postgres %v\n schema %s\n value  %s", seed, want, got.Valid[j], c.Schema, c.Values[j])
				}
			}
		}
	}
	if total := batches * schemas * values; valid < total/5 || valid > total*4/5 {
		t.Errorf("%d of %d pairs are valid: the generator has gone one-sided and proves little", valid, total)
	}
}

type verdict struct {
	Fault string
	Valid []bool
}

// verdicts asks Postgres about all cases in one round trip.
func verdicts(t *testing.T, conn *pgx.Conn, cases []schemaCase) []verdict {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select coalesce(lessee.fn_json_schema_check(c.item -> 'schema'), '') as fault,
		       array(select not exists (select from lessee.fn_json_schema_errors(c.item -> 'schema', v.value))
		             from jsonb_array_elements(c.item -> 'values') with ordinality v(value, n) order by v.n) as valid
		from jsonb_array_elements($1::text::jsonb) with ordinality c(item, n) order by c.n`, string(mustJSON(t, cases)))
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[verdict])
	if err != nil || len(found) != len(cases) {
		t.Fatalf("asked about %d schemas, got %d verdicts: %v", len(cases), len(found), err)
	}
	return found
}

// generateCases makes n schemas, each with some values.
func generateCases(t *testing.T, seed uint64, n, values int) []schemaCase {
	t.Helper()
	g := generator{rand.New(rand.NewPCG(seed, 2020))}
	out := make([]schemaCase, n)
	for i := range out {
		c := &out[i]
		c.Schema = mustJSON(t, g.document())
		compiled, err := reference(string(c.Schema))
		if err != nil {
			t.Fatalf("seed %d: the generator made a schema that the reference refuses: %v\n%s", seed, err, c.Schema)
		}
		for range values {
			value := mustJSON(t, g.value(3))
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
			if err != nil {
				t.Fatal(err)
			}
			c.Values = append(c.Values, value)
			c.valid = append(c.valid, compiled.Validate(doc) == nil)
		}
	}
	return out
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// generator draws schemas and values from small pools, so that they meet.
type generator struct{ *rand.Rand }

var (
	namePool    = []string{"a", "b", "c", "a/b", "~x", "ä"}
	stringPool  = []string{"", "a", "ab", "abc", "b1", "ä😀", "a/b", "1"}
	numberPool  = []string{"0", "1", "1.0", "-1", "2", "2.5", "3", "10", "1e2", "0.1", "0.3", "-2.50", "12345678901234567890", "1e-7"}
	patternPool = []string{"^a", "b$", "^[a-c]+$", `\d`, "^.{2,3}$", "x|b", "^(?:a|b)?$", `^\w*$`, "[^a]"}
	typePool    = []string{"null", "boolean", "object", "array", "number", "string", "integer"}
)

// definitions is how many entries $defs has: d0, d1, ...
const definitions = 3

func pick[T any](g generator, pool []T) T { return pool[g.IntN(len(pool))] }

// name draws the first names most often, so that schemas and values use the same.
func (g generator) name() string { return namePool[min(g.IntN(len(namePool)), g.IntN(len(namePool)))] }

// some calls draw once to most times: keywords of one family matter to each other.
func (g generator) some(most int, draw func()) {
	for range 1 + g.IntN(most) {
		draw()
	}
}

// document is a whole schema. The schema at the top and each definition may
// refer in place only to later definitions, which keeps $ref from looping.
func (g generator) document() any {
	top := g.schema(3, 0)
	if object, ok := top.(map[string]any); ok {
		defs := map[string]any{}
		for i := range definitions {
			defs[fmt.Sprintf("d%d", i)] = g.schema(2, i+1)
		}
		object["$defs"] = defs
		return object
	}
	return map[string]any{"allOf": []any{top}, "$defs": map[string]any{"d0": true, "d1": false, "d2": g.schema(1, definitions)}}
}

// schema draws keywords of up to three families. floor is the first definition that a $ref here may name.
func (g generator) schema(depth, floor int) any {
	if depth <= 0 || g.IntN(12) == 0 {
		return pick(g, []any{true, false, map[string]any{"type": pick(g, typePool)}, map[string]any{}})
	}
	s := map[string]any{}
	g.some(3, func() { g.family(s, depth-1, floor) })
	return s
}

func (g generator) family(s map[string]any, depth, floor int) {
	switch g.IntN(8) {
	case 0:
		g.anyKind(s)
	case 1:
		g.some(2, func() { g.scalar(s) })
	case 2, 3:
		g.some(4, func() { g.object(s, depth) })
	case 4, 5:
		g.some(3, func() { g.array(s, depth) })
	case 6, 7:
		g.inPlace(s, depth, floor)
	}
}

func (g generator) anyKind(s map[string]any) {
	switch g.IntN(4) {
	case 0:
		s["type"] = pick(g, typePool)
	case 1:
		s["type"] = []any{typePool[g.IntN(3)], typePool[3+g.IntN(4)]}
	case 2:
		s["enum"] = []any{g.value(1), g.value(1), g.value(2), nil}
	case 3:
		s["const"] = g.value(1)
	}
}

func (g generator) scalar(s map[string]any) {
	bound := pick(g, []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
	switch g.IntN(4) {
	case 0:
		s[bound] = json.Number(pick(g, numberPool))
	case 1:
		s["multipleOf"] = json.Number(pick(g, []string{"1", "2", "0.1", "0.5", "3.0", "1e-8"}))
	case 2:
		s["pattern"] = pick(g, patternPool)
	case 3:
		s[pick(g, []string{"minLength", "maxLength"})] = g.count()
	}
}

func (g generator) object(s map[string]any, depth int) {
	switch g.IntN(8) {
	case 0, 1:
		s["properties"] = g.schemas(namePool, depth)
	case 2:
		s["additionalProperties"] = g.schema(depth, 0)
	case 3:
		s["patternProperties"] = g.schemas(patternPool, depth)
	case 4:
		s["propertyNames"] = g.schema(depth, 0)
	case 5:
		s["required"] = []any{namePool[g.IntN(2)], namePool[2+g.IntN(2)]}
	case 6:
		s["dependentRequired"] = map[string]any{g.name(): []any{g.name()}}
	case 7:
		s[pick(g, []string{"minProperties", "maxProperties"})] = g.count()
	}
}

func (g generator) array(s map[string]any, depth int) {
	switch g.IntN(6) {
	case 0, 1:
		s["items"] = g.schema(depth, 0)
	case 2:
		s["prefixItems"] = []any{g.schema(depth, 0), g.schema(depth, 0)}
	case 3:
		s["contains"] = g.schema(depth, 0)
	case 4:
		s[pick(g, []string{"minItems", "maxItems", "minContains", "maxContains"})] = g.count()
	case 5:
		s["uniqueItems"] = g.IntN(4) > 0
	}
}

func (g generator) inPlace(s map[string]any, depth, floor int) {
	switch g.IntN(5) {
	case 0, 1:
		list := pick(g, []string{"allOf", "anyOf", "oneOf"})
		s[list] = []any{g.schema(depth, floor), g.schema(depth, floor)}
	case 2:
		s["not"] = g.schema(depth, floor)
	case 3:
		s["if"], s["then"], s["else"] = g.schema(depth, floor), g.schema(depth, floor), g.schema(depth, floor)
		delete(s, pick(g, []string{"then", "else", "format"}))
		s["dependentSchemas"] = map[string]any{g.name(): g.schema(depth, floor)}
	case 4:
		if floor < definitions {
			s["$ref"] = fmt.Sprintf("#/$defs/d%d", floor+g.IntN(definitions-floor))
		}
	}
}

func (g generator) schemas(names []string, depth int) map[string]any {
	out := map[string]any{}
	for range 1 + g.IntN(3) {
		out[names[min(g.IntN(len(names)), g.IntN(len(names)))]] = g.schema(depth, 0)
	}
	return out
}

// count is a small whole number, now and then written with a fraction of zero.
func (g generator) count() json.Number {
	return json.Number(pick(g, []string{"0", "1", "2", "3", "2.0"}))
}

func (g generator) value(depth int) any {
	kinds := 7
	if depth <= 0 {
		kinds = 4
	}
	switch g.IntN(kinds) {
	case 0:
		return pick(g, []any{nil, true, false})
	case 1:
		return pick(g, stringPool)
	case 2, 3:
		return json.Number(pick(g, numberPool))
	case 4:
		return g.list(depth)
	default:
		return g.members(depth)
	}
}

func (g generator) list(depth int) []any {
	out := []any{}
	for range g.IntN(4) {
		out = append(out, g.value(depth-1))
	}
	return out
}

func (g generator) members(depth int) map[string]any {
	out := map[string]any{}
	for range g.IntN(6) {
		out[g.name()] = g.value(depth - 1)
	}
	return out
}

// TestEveryShapeOfAKeywordIsJudgedLikeTheMetaSchema gives each keyword values
// of all kinds: what the reference refuses must be refused, what is accepted
// must be something the reference compiles.
func TestEveryShapeOfAKeywordIsJudgedLikeTheMetaSchema(t *testing.T) {
	conn := schemaDB(t)
	keywords := []string{
		"type", "enum", "const", "properties", "patternProperties", "additionalProperties", "propertyNames", "required",
		"dependentRequired", "dependentSchemas", "minProperties", "maxProperties", "items", "prefixItems", "contains",
		"minContains", "maxContains", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum",
		"maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf", "anyOf", "oneOf", "not", "if", "then",
		"else", "$ref", "$defs", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly",
		"writeOnly", "format", "contentEncoding", "contentMediaType",
	}
	values := []string{
		`null`, `true`, `3`, `-1`, `0`, `1.5`, `2.0`, `""`, `"string"`, `"#/$defs/a"`, `[]`, `["string"]`, `["a","a"]`, `[3]`,
		`[true]`, `[[]]`, `[{"type":3}]`, `{}`, `{"x-a":3}`, `{"x-a":true}`, `{"x-a":["b"]}`, `{"x-a":["b","b"]}`, `{"x-a":[1]}`, `{"x-a":{"type":3}}`, `{"type":3}`,
	}
	for _, keyword := range keywords {
		for _, value := range values {
			schema := fmt.Sprintf(`{"properties":{"p":{%q:%s}}}`, keyword, value)
			_, err := reference(schema)
			fault := schemaFault(t, conn, schema)
			if (err == nil) != (fault == "") && (err != nil || !stricterOnPurpose(keyword, value)) {
				t.Errorf("%s\n reference: %v\n Postgres:  %q", schema, err, fault)
			}
		}
	}
}

// stricterOnPurpose names what fn_json_schema_check refuses although it is
// allowed: $id below the top, and the $ref "", which is better written "#".
func stricterOnPurpose(keyword, value string) bool {
	return keyword == "$id" || keyword == "$ref" && value == `""`
}
