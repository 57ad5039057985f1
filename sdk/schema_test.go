package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	legacy "math/rand"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lessee-run/lessee/sdk"
)

// schemas are those that the SDK derives for a handler from T to T.
func schemas[T any]() (payload, output string) {
	m := sdk.New(func(_ context.Context, in T) (T, error) { return in, nil }).Manifest()
	return string(m.Schemas.Payload), string(m.Schemas.Output)
}

type tree struct {
	Value int     `json:"value"`
	Left  *tree   `json:"left"`
	More  []tree  `json:"more,omitempty"`
	By    forest  `json:"by,omitempty"`
	Again *forest `json:"again,omitempty"`
}

type forest map[string]tree

type matryoshka []matryoshka

type base struct {
	ID     int    `json:"id"`
	Hidden string `json:"name"` // by another, nearer one
	Twice  bool
}

type Other struct {
	Twice bool
	Extra string `json:"extra"`
}

type page struct {
	base
	*Other
	Name    string            `json:"name" doc:"what it is called"`
	Tags    []string          `json:"tags,omitempty"`
	Labels  map[string]string `json:"labels,omitzero"`
	Parent  *string           `json:"parent"`
	Image   []byte            `json:"image"`
	At      time.Time         `json:"at"`
	Count   int64             `json:"count,string"`
	Address netip.Addr        `json:"address"`
	Amount  big.Int           `json:"amount"`
	Exact   json.Number       `json:"exact"`
	Raw     json.RawMessage   `json:"raw" doc:"as it came"`
	Any     any               `json:"any"`
	Point   [2]float64        `json:"point"`
	Small   int8
	Large   uint64 `json:"large"`
	Odd     string `json:"o\"d"` //nolint:staticcheck // encoding/json's way with it is under test
	Skipped string `json:"-"`
	Dash    bool   `json:"-,"` //nolint:staticcheck // so is this
	private int
}

func TestASchemaSaysWhatTheTypeSays(t *testing.T) {
	_ = page{}.private
	const shared = `"name":{"description":"what it is called","type":"string"},"tags":{"items":{"type":"string"},"type":["array","null"]},` +
		`"labels":{"additionalProperties":{"type":"string"},"type":["object","null"]},"parent":{"type":["string","null"]},"image":{"contentEncoding":"base64","type":["string","null"]},` +
		`"at":{"format":"date-time","type":"string"},"count":{"type":"string"},"address":{"type":"string"},"amount":true,"raw":{"description":"as it came"},"any":true,` +
		`"point":{"items":{"type":"number"},"maxItems":2,"minItems":2,"type":"array"},"Small":{"maximum":127,"minimum":-128,"type":"integer"},` +
		`"large":{"maximum":18446744073709551615,"minimum":0,"type":"integer"},"Odd":{"type":"string"},"-":{"type":"boolean"},` +
		`"id":{"maximum":9223372036854775807,"minimum":-9223372036854775808,"type":"integer"},"extra":{"type":"string"}`
	payload, output := schemas[page]()
	sameJSON(t, payload, `{"type":"object","properties":{`+shared+`,"exact":{"type":["number","string"]}},`+
		`"required":["name","image","at","count","address","amount","exact","raw","any","point","large","-","id"]}`)
	sameJSON(t, output, `{"type":"object","properties":{`+shared+`,"exact":{"type":"number"}},`+
		`"required":["name","parent","image","at","count","address","amount","exact","raw","any","point","Small","large","Odd","-","id"]}`)
}

func TestATypeThatHoldsItselfRefersToItsDefinition(t *testing.T) {
	payload, _ := schemas[tree]()
	sameJSON(t, payload, `{"$ref":"#/$defs/tree","type":"object","$defs":{
		"forest":{"type":["object","null"],"additionalProperties":{"$ref":"#/$defs/tree","type":"object"}},
		"tree":{"type":["object","null"],"required":["value"],"properties":{
			"value":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807},
			"left":{"$ref":"#/$defs/tree"},"more":{"type":["array","null"],"items":{"$ref":"#/$defs/tree","type":"object"}},
			"by":{"$ref":"#/$defs/forest"},"again":{"$ref":"#/$defs/forest"}}}}}`)
	payload, _ = schemas[matryoshka]()
	sameJSON(t, payload, `{"$ref":"#/$defs/matryoshka","$defs":{"matryoshka":{"type":["array","null"],"items":{"$ref":"#/$defs/matryoshka"}}}}`)
}

// pair has a name that is none in a $ref.
type pair[A, B any] struct {
	A A `json:"a"`
	B B `json:"b"`
}

func TestDefinitionsOfOneNameAreToldApart(t *testing.T) {
	type both struct {
		X, Y pair[int8, string]
		V, W pair[string, int8]
	}
	payload, _ := schemas[both]()
	for _, want := range []string{`"pair":{`, `"pair2":{`, `"X":{"$ref":"#/$defs/pair",`, `"W":{"$ref":"#/$defs/pair2",`} {
		if !strings.Contains(payload, want) {
			t.Errorf("%s is not in %s", want, payload)
		}
	}
}

// upper has a way of its own with JSON in one direction only.
type upper string

func (u upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(u))), nil }

type ticks int

func (*ticks) UnmarshalJSON([]byte) error { return nil }

type byPointer int

func (*byPointer) MarshalText() ([]byte, error) { return []byte("text"), nil }

func TestEachDirectionGoesByTheMethodsItCalls(t *testing.T) {
	type mixed struct {
		U upper     `json:"u"`
		T ticks     `json:"t"`
		P byPointer `json:"p"`
		B []upper   `json:"b"`
	}
	whole := `{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}`
	text := `"u":{"type":"string"},"b":{"type":["array","null"],"items":{"type":"string"}}`
	payload, output := schemas[mixed]()
	sameJSON(t, payload, `{"type":"object","required":["u","t","p","b"],"properties":{`+text+`,"t":true,"p":`+whole+`}}`)
	sameJSON(t, output, `{"type":"object","required":["u","t","p","b"],"properties":{`+text+`,"t":`+whole+`,"p":true}}`)
}

func TestWhatEncodingJSONWritesObeysTheSchemas(t *testing.T) {
	t.Run("page", written[*generatedPage])
	t.Run("tree", written[tree])
	t.Run("plain", written[plain])
	t.Run("numbers", written[map[int8][]uint16])
	t.Run("bytes", written[pair[[]byte, [3]byte]])
	t.Run("methods", written[pair[upper, *upper]])
}

// generatedPage is a page whose fields can hold anything that they may.
type generatedPage page

func (*generatedPage) Generate(r *legacy.Rand, size int) reflect.Value {
	p := &generatedPage{Raw: json.RawMessage(`{"a":[1]}`), Exact: json.Number("-1.5e3"), At: time.Unix(r.Int63n(1e10), r.Int63n(1e9))}
	p.ID, p.Name, p.Large, p.Small, p.Count = int(r.Int63()), strings.Repeat("ä", size%5), r.Uint64(), int8(r.Int()), -r.Int63()
	if r.Intn(2) == 0 {
		p.Other, p.Parent, p.Image, p.Tags = &Other{}, &p.Name, []byte{1, 2}, []string{"x"}
		p.Address = netip.MustParseAddr("10.0.0.1")
	}
	return reflect.ValueOf(p)
}

func written[T any](t *testing.T) {
	payload, output := schemas[T]()
	reader, writer := compile(t, payload), compile(t, output)
	check := func(v T) bool {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for name, schema := range map[string]*jsonschema.Schema{"payload": reader, "output": writer} {
			if err := judge(t, schema, encoded); err != nil {
				t.Errorf("the schema of the %s refuses %s: %v", name, encoded, err)
				return false
			}
		}
		return true
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 50, Rand: legacy.New(legacy.NewSource(4))}); err != nil {
		t.Error(err)
	}
}

// plain has only what encoding/json reads for its kind alone, and needs nothing.
type plain struct {
	S  string            `json:"s,omitempty"`
	B  bool              `json:"b,omitempty"`
	F  float64           `json:"f,omitempty"`
	I  int8              `json:"i,omitempty"`
	U  uint16            `json:"u,omitempty"`
	L  []int32           `json:"l,omitempty"`
	M  map[string][]bool `json:"m,omitempty"`
	P  *plain            `json:"p,omitempty"`
	Ps []plain           `json:"ps,omitempty"`
	Untagged
}

type Untagged struct{ Embedded *string }

func TestTheSchemaOfAPayloadRefusesExactlyWhatTheDecoderDoes(t *testing.T) {
	payload, _ := schemas[plain]()
	schema, g := compile(t, payload), rand.New(rand.NewPCG(4, 2020))
	refused := 0
	const tries = 5000
	for range tries {
		value := spoil(g, `{"s":"x","b":true,"f":0.5,"i":-1,"u":1,"l":[1,2],"m":{"k":[true]},"p":{"s":"y","p":{"i":0},"l":[3]},"ps":[{"u":7}],"Embedded":"z","new":1}`)
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		byType := json.Unmarshal(encoded, new(plain))
		bySchema := judge(t, schema, encoded)
		if (byType == nil) != (bySchema == nil) {
			t.Fatalf("%s\nthe decoder says %v\nthe schema says %v", encoded, byType, bySchema)
		}
		if byType != nil {
			refused++
		}
	}
	if refused < tries/5 || refused > tries*4/5 {
		t.Errorf("%d of %d were refused: one-sided, which proves little", refused, tries)
	}
}

// spoil puts values of other types into a document here and there.
func spoil(g *rand.Rand, document string) any {
	var v any
	_ = json.Unmarshal([]byte(document), &v) // of this file
	return spoilt(g, v)
}

func spoilt(g *rand.Rand, v any) any {
	if g.IntN(12) == 0 {
		return []any{true, "x", 0.5, 1, -1, 200, 70000, []any{}, []any{1}, map[string]any{}, map[string]any{"s": "x"}}[g.IntN(11)]
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = spoilt(g, v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = spoilt(g, v[k])
		}
	}
	return v
}

func compile(t *testing.T, schema string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatalf("%v: %s", err, schema)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatalf("%v: %s", err, schema)
	}
	return compiled
}

func judge(t *testing.T, schema *jsonschema.Schema, encoded []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(doc)
}

func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	if a, b := canonical(t, got), canonical(t, want); a != b {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

// canonical sorts the keys.
func canonical(t *testing.T, document string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
