package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
)

// schemaDB is a connection to a migrated database of its own.
func schemaDB(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), devpgtest.Database(t))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// schemaErrors lists what is wrong with value, one "pointer: message" per row.
func schemaErrors(t testing.TB, conn *pgx.Conn, schema, value string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rows, err := conn.Query(ctx, "select format('%s: %s', e.pointer, e.message) from lessee.fn_json_schema_errors($1::text::jsonb, $2::text::jsonb) e", schema, value)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("schema %.200s, value %.200s: %v", schema, value, err)
	}
	return found
}

// schemaFault is what fn_json_schema_check answers; empty for a good schema.
func schemaFault(t testing.TB, conn *pgx.Conn, schema string) string {
	t.Helper()
	var fault *string
	if err := conn.QueryRow(t.Context(), "select lessee.fn_json_schema_check($1::text::jsonb)", schema).Scan(&fault); err != nil {
		t.Fatalf("schema %.200s: %v", schema, err)
	}
	if fault == nil {
		return ""
	}
	return *fault
}

func TestEachKeywordSaysWhatIsWrongAndWhere(t *testing.T) {
	conn := schemaDB(t)
	for _, c := range []struct {
		name, schema, value string
		want                []string
	}{
		{"true allows everything", `true`, `{"a":1}`, nil},
		{"false allows nothing", `false`, `1`, []string{`: is not allowed`}},
		{"an empty schema allows everything", `{}`, `null`, nil},
		{"annotations check nothing", `{"title":"t","format":"email","default":1,"examples":[1],"x-ui":{"a":1}}`, `"no"`, nil},

		{"type names what came instead", `{"type":"string"}`, `3`, []string{`: must be string, is number`}},
		{"type may be a list", `{"type":["string","null"]}`, `true`, []string{`: must be string or null, is boolean`}},
		{"1.0 is an integer", `{"type":"integer"}`, `1.0`, nil},
		{"1e2 is an integer", `{"type":"integer"}`, `1e2`, nil},
		{"1.5 is no integer", `{"type":"integer"}`, `1.5`, []string{`: must be integer, is number`}},
		{"an integer is a number", `{"type":"number"}`, `3`, nil},
		{"enum lists what is allowed", `{"enum":["a",1,null]}`, `"b"`, []string{`: is not one of ["a", 1, null]`}},
		{"enum compares numbers by value", `{"enum":[1.0]}`, `1`, nil},
		{"enum does not take a part of an element for it", `{"enum":[{"a":1,"b":2},[1,2]]}`, `[1]`, []string{`: is not one of [{"a": 1, "b": 2}, [1, 2]]`}},
		{"enum finds a whole element", `{"enum":[{"a":1,"b":2}]}`, `{"b":2,"a":1.0}`, nil},
		{"const null differs from no const", `{"const":null}`, `0`, []string{`: must be null`}},
		{"const compares deeply", `{"const":{"a":[1]}}`, `{"a":[1.0]}`, nil},

		{"required points at what is missing", `{"required":["a","b/~"]}`, `{"a":1}`, []string{`/b~1~0: is required`}},
		{"required asks objects only", `{"required":["a"]}`, `[]`, nil},
		{"properties are checked each", `{"properties":{"a":{"type":"string"},"b":{"type":"null"}}}`, `{"a":1,"b":2,"c":3}`, []string{`/a: must be string, is number`, `/b: must be null, is number`}},
		{"properties may be forbidden", `{"properties":{"a":false}}`, `{"a":1}`, []string{`/a: is not allowed`}},
		{"additionalProperties false refuses the unknown", `{"properties":{"a":true},"additionalProperties":false}`, `{"a":1,"b":2}`, []string{`/b: is not allowed`}},
		{"additionalProperties may be a schema", `{"additionalProperties":{"type":"number"}}`, `{"a":1,"b":"x"}`, []string{`/b: must be number, is string`}},
		{"patternProperties are not additional", `{"patternProperties":{"^x":{"type":"number"}},"additionalProperties":false}`, `{"x1":"s","y":1}`, []string{`/y: is not allowed`, `/x1: must be number, is string`}},
		{"a property may meet its name and a pattern", `{"properties":{"ab":{"minimum":5}},"patternProperties":{"^a":{"maximum":0}}}`, `{"ab":3}`, []string{`/ab: must be at least 5, is 3`, `/ab: must be at most 0, is 3`}},
		{"propertyNames checks the names", `{"propertyNames":{"maxLength":2}}`, `{"abc":1}`, []string{`/abc: its name must have at most 2 characters, has 3`}},
		{"minProperties", `{"minProperties":2}`, `{"a":1}`, []string{`: must have at least 2 properties, has 1`}},
		{"maxProperties", `{"maxProperties":1}`, `{"a":1,"b":2}`, []string{`: must have at most 1 properties, has 2`}},
		{"dependentRequired says beside what", `{"dependentRequired":{"card":["address"]}}`, `{"card":1}`, []string{`/address: is required beside "card"`}},
		{"dependentRequired sleeps without its key", `{"dependentRequired":{"card":["address"]}}`, `{}`, nil},
		{"dependentSchemas", `{"dependentSchemas":{"a":{"required":["b"]}}}`, `{"a":1}`, []string{`/b: is required`}},

		{"items points at the item", `{"items":{"type":"number"}}`, `[1,"x",2,null]`, []string{`/1: must be number, is string`, `/3: must be number, is null`}},
		{"prefixItems goes by place, items takes the rest", `{"prefixItems":[{"type":"string"}],"items":false}`, `["a",1]`, []string{`/1: is not allowed`}},
		{"prefixItems asks for no length", `{"prefixItems":[true,true]}`, `[1]`, nil},
		{"contains", `{"contains":{"type":"string"}}`, `[1,2]`, []string{`: must have at least 1 items that match "contains", has 0`}},
		{"minContains 0 lifts contains", `{"contains":{"type":"string"},"minContains":0}`, `[]`, nil},
		{"maxContains", `{"contains":{"type":"string"},"maxContains":1}`, `["a","b"]`, []string{`: must have at most 1 items that match "contains", has 2`}},
		{"minItems", `{"minItems":1}`, `[]`, []string{`: must have at least 1 items, has 0`}},
		{"maxItems", `{"maxItems":1}`, `[1,2]`, []string{`: must have at most 1 items, has 2`}},
		{"uniqueItems compares by value", `{"uniqueItems":true}`, `[{"a":1,"b":[1]},{"b":[1.0],"a":1}]`, []string{`: must have no two equal items`}},
		{"uniqueItems tells true from 1", `{"uniqueItems":true}`, `[1,true,"1",null,[],{}]`, nil},
		{"uniqueItems false checks nothing", `{"uniqueItems":false}`, `[1,1]`, nil},

		{"minLength counts characters, not bytes", `{"minLength":3}`, `"äö"`, []string{`: must have at least 3 characters, has 2`}},
		{"maxLength counts characters, not bytes", `{"maxLength":2}`, `"😀😀"`, nil},
		{"maxLength", `{"maxLength":2}`, `"abc"`, []string{`: must have at most 2 characters, has 3`}},
		{"pattern is not anchored", `{"pattern":"b+"}`, `"abc"`, nil},
		{"pattern", `{"pattern":"^b"}`, `"abc"`, []string{`: must match the pattern ^b`}},

		{"minimum", `{"minimum":1}`, `0.5`, []string{`: must be at least 1, is 0.5`}},
		{"maximum", `{"maximum":1}`, `2`, []string{`: must be at most 1, is 2`}},
		{"exclusiveMinimum", `{"exclusiveMinimum":1}`, `1`, []string{`: must be more than 1, is 1`}},
		{"exclusiveMaximum", `{"exclusiveMaximum":1}`, `1.0`, []string{`: must be less than 1, is 1.0`}},
		{"multipleOf is exact", `{"multipleOf":0.01}`, `19.99`, nil},
		{"multipleOf", `{"multipleOf":0.1}`, `0.35`, []string{`: must be a multiple of 0.1, is 0.35`}},
		{"a long number is cut short", `{"maximum":1}`, `1e300`, []string{`: must be at most 1, is 1` + strings.Repeat("0", 39)}},

		{"allOf reports what each finds", `{"allOf":[{"minimum":5},{"multipleOf":2}]}`, `3`, []string{`: must be at least 5, is 3`, `: must be a multiple of 2, is 3`}},
		{"anyOf takes one", `{"anyOf":[{"type":"string"},{"minimum":2}]}`, `3`, nil},
		{"anyOf", `{"anyOf":[{"type":"string"},{"minimum":2}]}`, `1`, []string{`: matches none of the schemas in "anyOf"`}},
		{"oneOf refuses none", `{"oneOf":[{"type":"string"},{"type":"null"}]}`, `1`, []string{`: must match exactly one of the schemas in "oneOf", matches 0`}},
		{"oneOf refuses two", `{"oneOf":[{"minimum":0},{"maximum":2}]}`, `1`, []string{`: must match exactly one of the schemas in "oneOf", matches 2`}},
		{"not", `{"not":{"type":"string"}}`, `"a"`, []string{`: must not match the schema in "not"`}},
		{"if leads to then", `{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}}`, `11`, []string{`: must be a multiple of 10, is 11`}},
		{"if leads to else", `{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}}`, `7`, []string{`: must be at most 5, is 7`}},
		{"then without if checks nothing", `{"then":false,"else":false}`, `7`, nil},

		{"$ref goes beside other keywords", `{"$ref":"#/$defs/n","maximum":5,"$defs":{"n":{"type":"integer"}}}`, `7.5`, []string{`: must be at most 5, is 7.5`, `: must be integer, is number`}},
		{"$ref reads escapes", `{"$ref":"#/definitions/a~1b~0c","definitions":{"a/b~c":{"type":"null"}}}`, `1`, []string{`: must be null, is number`}},
		{"$ref recurses into the value", `{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}`, `{"next":{"next":{"nxt":1}}}`, []string{`/next/next/nxt: is not allowed`}},
		{"pointers nest and escape", `{"properties":{"a/b":{"items":{"properties":{"~":{"type":"null"}}}}}}`, `{"a/b":[{},{"~":1}]}`, []string{`/a~1b/1/~0: must be null, is number`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if fault := schemaFault(t, conn, c.schema); fault != "" {
				t.Errorf("the schema is refused: %s", fault)
			}
			if got := schemaErrors(t, conn, c.schema, c.value); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestAtMostTheAskedNumberOfErrorsIsReturned(t *testing.T) {
	conn := schemaDB(t)
	for _, most := range []int{1, 3, 10} {
		var n int
		err := conn.QueryRow(t.Context(), `select count(*) from lessee.fn_json_schema_errors(
			'{"items":{"type":"string","minimum":1},"required":["a","b"]}', (select jsonb_agg(n) from generate_series(1, 5000) n), $1)`, most).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n != most {
			t.Errorf("asked for %d errors, got %d", most, n)
		}
	}
}

func TestNoSchemaAllowsEverythingAndNoValueIsJSONNull(t *testing.T) {
	conn := schemaDB(t)
	var noSchema, noValue int
	err := conn.QueryRow(t.Context(), `select
		(select count(*) from lessee.fn_json_schema_errors(null, '1')),
		(select count(*) from lessee.fn_json_schema_errors('{"type":"string"}', null))
		where lessee.fn_json_schema_check(null) is null`).Scan(&noSchema, &noValue)
	if err != nil {
		t.Fatal(err)
	}
	if noSchema != 0 || noValue != 1 {
		t.Errorf("without a schema %d errors, want 0; without a value %d, want 1", noSchema, noValue)
	}
}

func TestACheckThatWouldNotEndIsAnError(t *testing.T) {
	conn := schemaDB(t)
	nested := func(open, middle, end string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	expression := `{"$ref":"#/$defs/e","$defs":{"e":{"anyOf":[
		{"required":["l"],"properties":{"l":{"$ref":"#/$defs/e"},"op":{"const":"a"}}},
		{"required":["l"],"properties":{"l":{"$ref":"#/$defs/e"},"op":{"const":"b"}}}]}}}`
	for _, c := range []struct{ name, schema, value, want string }{
		{"a $ref to itself", `{"$ref":"#"}`, `1`, "$ref nests deeper than 64 levels"},
		{"a $ref to itself under not", `{"not":{"$ref":"#"}}`, `1`, "$ref nests deeper than 64 levels"},
		{"a $ref that doubles at each step", `{"allOf":[{"$ref":"#"},{"$ref":"#"}]}`, `1`, "needs too many steps"},
		{"a value deeper than 64 $ref", `{"items":{"$ref":"#"}}`, nested("[", "", "]", 70), "$ref nests deeper than 64 levels"},
		{"a choice that doubles at each level of the value", expression, nested(`{"l":`, "{}", "}", 40), "needs too many steps"},
		{"a thousand choices in one another", nested(`{"not":`, "true", "}", 3000), `1`, "nests too deep"},
		{"a $ref to nowhere", `{"not":{"$ref":"#/$defs/x"}}`, `1`, "leads nowhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := schemaErrors(t, conn, c.schema, c.value)
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("got %q, want one error with %q", got, c.want)
			}
		})
	}
	if got := schemaErrors(t, conn, `{"items":{"$ref":"#"}}`, nested("[", "", "]", 60)); len(got) > 0 {
		t.Errorf("60 levels are within the bound, got %q", got)
	}
}

func TestALargeFlatValueIsWithinTheBudget(t *testing.T) {
	conn := schemaDB(t)
	value := "[" + strings.Repeat("7,", 50_000) + `"x"]`
	got := schemaErrors(t, conn, `{"items":{"type":"integer"}}`, value)
	if want := []string{"/50000: must be integer, is string"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFaultySchemaIsRefusedWithItsPlaceAndReason(t *testing.T) {
	conn := schemaDB(t)
	for _, c := range []struct{ schema, want string }{
		{`3`, `the schema at the top is number: it must be an object, true or false`},
		{`{"items":{"unevaluatedProperties":false}}`, `keyword "unevaluatedProperties" at /items is not supported: leave it out, or validate in the executor`},
		{`{"properties":{"a/b":{"requierd":["x"]}}}`, `keyword "requierd" at /properties/a~1b is not supported`},
		{`{"items":[{}]}`, `keyword "items" at the top must be one schema: a list of schemas is prefixItems`},
		{`{"anyOf":[{"type":"strng"}]}`, `keyword "type" at /anyOf/0 must name one or more of`},
		{`{"exclusiveMinimum":true}`, `keyword "exclusiveMinimum" at the top must be a number`},
		{`{"multipleOf":0}`, `keyword "multipleOf" at the top must be a number above 0`},
		{`{"properties":{"$id":{"$id":"x"}}}`, `keyword "$id" at /properties/$id is allowed at the top only`},
		{`{"pattern":"(a"}`, `keyword "pattern" at the top: the pattern (a is no regular expression of Postgres: `},
		{`{"patternProperties":{"[":true}}`, `keyword "patternProperties" at the top: the pattern [ is no regular expression of Postgres: `},
		{`{"pattern":"\\bword\\b"}`, `uses \b or \B, which mean something else in Postgres: write \y or \Y`},
		{`{"pattern":"***=a"}`, `begins with ***, which means something else in Postgres`},
		{`{"dependentRequired":{"a":"b"}}`, `keyword "dependentRequired" at the top: the entry of "a" must be a list of different property names`},
		{`{"$ref":"other.json"}`, `keyword "$ref" at the top must point into this schema, like "#/$defs/name"`},
		{`{"$ref":"#/$defs/a%20b","$defs":{"a b":true}}`, `must not be percent-encoded: rename the definition`},
		{`{"items":{"$ref":"#/$defs/a"}}`, `keyword "$ref" at /items leads to no schema: define it in $defs`},
		{`{"$ref":"#/$defs/a/enum/0","$defs":{"a":{"enum":[{}]}}}`, `keyword "$ref" at the top leads to no schema`},
		{`{"$ref":"#/allOf/-1","allOf":[true]}`, `keyword "$ref" at the top leads to no schema`},
		{`{"$ref":"#"}`, `keyword "$ref" at the top leads back to itself without going into the value`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[true,{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}`, `leads back to itself without going into the value`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/c"},{"$ref":"#/$defs/b"}]},"c":{}}}`, `keyword "$ref" at /$defs/b/allOf/1 leads back`},
		{strings.Repeat(`{"not":`, 65) + "true" + strings.Repeat("}", 65), `is nested deeper than 64 schemas: move parts of it to $defs`},
	} {
		if got := schemaFault(t, conn, c.schema); !strings.Contains(got, c.want) {
			t.Errorf("schema %.80s\n got  %q\n want %q", c.schema, got, c.want)
		}
	}
}

func TestASchemaOfManyReferencesToManyIsCheckedWithoutFollowingEach(t *testing.T) {
	conn := schemaDB(t)
	var levels []string
	for i := range 40 {
		levels = append(levels, fmt.Sprintf(`"%d":{"allOf":[%s{}]}`, i, strings.Repeat(fmt.Sprintf(`{"$ref":"#/$defs/%d"},`, i+1), 40)))
	}
	if fault := schemaFault(t, conn, `{"$defs":{`+strings.Join(levels, ",")+`,"40":{}}}`); fault != "" {
		t.Error(fault)
	}
}

func TestPatternsThatMeanTheSameInPostgresAreTaken(t *testing.T) {
	conn := schemaDB(t)
	for _, pattern := range []string{`^[a-z][a-z0-9_-]*$`, `^\\d{4}-\\d{2}$`, `[\\b]`, `\\\\b`, `^(?:a|b)+?$`, `(?=a)`, `(?<!a)b`, `\\u00e4`, ``} {
		if fault := schemaFault(t, conn, fmt.Sprintf(`{"pattern":"%s"}`, pattern)); fault != "" {
			t.Errorf("%s: %s", pattern, fault)
		}
	}
}

func TestOnlyTheOwnerMayCallTheSchemaFunctions(t *testing.T) {
	conn := schemaDB(t)
	rows, err := conn.Query(t.Context(), `select p.proname::text from pg_proc p
		where p.proname like 'fn\_json\_schema\_%' and has_function_privilege('public', p.oid, 'execute')`)
	if err != nil {
		t.Fatal(err)
	}
	if open, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(open) > 0 {
		t.Errorf("everybody may execute %v (%v)", open, err)
	}
}

// BenchmarkFlatObject prints what one check costs inside Postgres, apart from the round trip.
func BenchmarkFlatObject(b *testing.B) {
	conn := schemaDB(b)
	if _, err := conn.Exec(b.Context(), `create function pg_temp.bench(p_n int) returns void language plpgsql as $$
		begin
		  for v_i in 1 .. p_n loop
		    perform from lessee.fn_json_schema_errors('{"type":"object","required":["id","name"],"additionalProperties":false,"properties":{
		      "id":{"type":"integer","minimum":1},"name":{"type":"string","minLength":1,"maxLength":100},
		      "email":{"type":"string"},"age":{"type":"integer"},"active":{"type":"boolean"}}}',
		      '{"id":1,"name":"Ann","email":"a@b.c","age":33,"active":true}');
		  end loop;
		end $$`); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if _, err := conn.Exec(b.Context(), "select pg_temp.bench($1)", b.N); err != nil {
		b.Fatal(err)
	}
}
