package postgres_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lessee-run/lessee/sdk"
)

type node struct {
	Name  string          `json:"name" doc:"what it is called"`
	Size  int8            `json:"size"`
	Total uint64          `json:"total,omitempty"`
	Image []byte          `json:"image,omitempty"`
	At    time.Time       `json:"at"`
	Point [2]float64      `json:"point"`
	Next  *node           `json:"next,omitempty"`
	Parts []node          `json:"parts,omitempty"`
	By    map[string]node `json:"by,omitempty"`
	Any   any             `json:"any,omitempty"`
}

func TestPostgresEnforcesTheSchemasThatTheGoSDKDerives(t *testing.T) {
	conn := schemaDB(t)
	small := node{Name: "a", Size: -128, Total: 1<<64 - 1, Image: []byte{1}, At: time.Now(), Any: []int{1}}
	whole := small
	whole.Next, whole.Parts, whole.By = &small, []node{small, small}, map[string]node{"k": small}
	values := []json.RawMessage{mustJSON(t, whole)}
	for from, to := range map[string]string{
		`"name":"a"`: `"name":7`, `-128`: `-129`, `18446744073709551615`: `18446744073709551616`, `"image":"AQ=="`: `"image":[1]`, `[0,0]`: `[0]`,
		`"any":[1]`: `"any":null`, `"parts":[`: `"parts":[null,`, `"next":{`: `"next":null,"other":{`, `"by":{"k":{`: `"by":{"k":{"next":{},`, `"size"`: `"Size"`,
	} {
		spoilt := bytes.ReplaceAll(values[0], []byte(from), []byte(to))
		if bytes.Equal(spoilt, values[0]) {
			t.Fatalf("%s is not in %s", from, values[0])
		}
		values = append(values, spoilt)
	}
	m := sdk.New(func(_ context.Context, in node) (map[string]*node, error) {
		return map[string]*node{"n": &in, "none": nil}, nil
	}).Manifest()
	for _, schema := range []json.RawMessage{m.Schemas.Payload, m.Schemas.Output} {
		compiled, err := reference(string(schema))
		if err != nil {
			t.Fatalf("%v: %s", err, schema)
		}
		c := schemaCase{Schema: schema}
		for _, value := range values {
			if bytes.Equal(schema, m.Schemas.Output) {
				value = append(append([]byte(`{"n":`), value...), `,"none":null}`...)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
			if err != nil {
				t.Fatalf("%v: %s", err, value)
			}
			c.Values, c.valid = append(c.Values, value), append(c.valid, compiled.Validate(doc) == nil)
		}
		got := verdicts(t, conn, []schemaCase{c})[0]
		if got.Fault != "" || !c.valid[0] {
			t.Errorf("%s\nfault %q, valid %v", schema, got.Fault, c.valid[0])
		}
		refused := 0
		for i, valid := range c.valid {
			if got.Valid[i] != valid {
				t.Errorf("the reference says valid=%v, Postgres %v\n schema %s\n value  %s", valid, got.Valid[i], schema, c.Values[i])
			}
			if !valid {
				refused++
			}
		}
		if refused < 6 {
			t.Errorf("%d values are refused, which proves little", refused)
		}
	}
}
