package conformance

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestKeywordsAreThoseOfTheDatabase(t *testing.T) {
	function, err := os.ReadFile("../../../migrations/functions/fn_json_schema_check.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(function), "v_shapes constant jsonb := '")
	list, _, _ = strings.Cut(list, "';")
	var shapes map[string]string
	if err := json.Unmarshal([]byte(list), &shapes); err != nil {
		t.Fatalf("the list is not where it was: %v", err)
	}
	if theirs, ours := slices.Sorted(maps.Keys(shapes)), slices.Sorted(maps.Keys(keywords())); !slices.Equal(theirs, ours) {
		t.Errorf("the database knows %q, the check %q", theirs, ours)
	}
	for name, kind := range keywords() {
		want := map[string]holds{"schema": aSchema, "schema list": aList, "schema map": aMap, "pattern map": aMap}[shapes[name]]
		if kind != want {
			t.Errorf("%s is %q", name, shapes[name])
		}
	}
}

func TestAMisspeltKeywordIsFoundAtAnyDepth(t *testing.T) {
	for schema, keyword := range map[string]string{
		`{"propertys":{}}`: "propertys",
		`{"properties":{"a":{"items":{"minimun":1}}}}`:           "minimun",
		`{"anyOf":[true,{"$defs":{"x":{"typ":"string"}}}]}`:      "typ",
		`{"properties":{"typ":{"enum":[{"typ":1}]}},"x-any":{}}`: "",
	} {
		fault := schemaFault(json.RawMessage(schema))
		if keyword == "" && fault != "" || !strings.Contains(fault, keyword) {
			t.Errorf("%s: %q", schema, fault)
		}
	}
}
