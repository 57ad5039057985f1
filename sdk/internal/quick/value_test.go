package quick

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// plainly is what authors declare.
type plainly struct {
	Text   string `json:"text"`
	Number int    `json:"number,omitempty"`
	Small  int8
	Count  uint32            `json:"count"`
	Price  float64           `json:"price"`
	Ratio  float32           `json:"ratio,omitempty"`
	Done   bool              `json:"done"`
	Lines  []line            `json:"lines"`
	Labels map[string]string `json:"labels,omitempty"`
	ByName map[name]*line    `json:"by_name"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	Maybe  *line             `json:"maybe,omitempty"`
	Twice  **int             `json:"twice"`
	Nested struct {
		Deep [][]string `json:"deep"`
	} `json:"nested"`
	hidden int
	Never  int `json:"-"`
}

type line struct {
	SKU   string `json:"sku"`
	Count int    `json:"count"`
}

type name string

// oddly is what is left to encoding/json, field by field.
type oddly struct {
	Any    any            `json:"any"`
	At     time.Time      `json:"at"`
	Bytes  []byte         `json:"bytes"`
	Array  [2]int         `json:"array"`
	Number json.Number    `json:"number"`
	ByInt  map[int]string `json:"by_int"`
	Mixed  map[string]any `json:"mixed"`
	Within *oddly         `json:"within,omitempty"`
	Upper  upper          `json:"upper"`
	Lower  *lower         `json:"lower"`
	Uppers []upper        `json:"uppers"`
}

// upper has methods of its own, lower such of its pointer.
type upper string

func (u upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(u))), nil }

type lower struct{ s string }

func (l *lower) MarshalJSON() ([]byte, error) { return json.Marshal(strings.ToLower(l.s)) }

func (l *lower) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &l.s); err != nil {
		return errors.New("no string")
	}
	return nil
}

// strangely is left to encoding/json as a whole.
type strangely struct {
	line
	Other int `json:"other,string"`
}

type clashing struct {
	X int
	Y int `json:"X"`
}

var documents = []string{
	`{}`, ` { } `, `null`, `[]`, `1`, `"x"`, ``, `{`, `{}x`, `{"text":"a","number":-7,"Small":127,"count":4294967295,"price":1.5e3,"ratio":0.1,"done":true}`,
	`{"text":"đơn \n \ud83d\ude00 \ud800"}`, "{\"text\":\"\xff\"}", `{"text":null,"number":null,"done":null,"lines":null,"labels":null,"maybe":null,"nested":null,"raw":null}`,
	`{"lines":[]}`, `{"lines":[{"sku":"a","count":1},null,{"count":2},{},{},{"sku":"f"}]}`, `{"lines":[{"sku":"a"}],"lines":[{"count":1}]}`, `{"lines":{}}`,
	`{"labels":{}}`, `{"labels":{"b":"1","a":"2","b":"3","":null}}`, `{"labels":{"\n":"x","ü":"y"}}`, `{"labels":[]}`, `{"labels":{"a":1}}`,
	`{"by_name":{"x":{"sku":"s"},"y":null}}`, `{"raw": {"a" : [1, 2]} }`, `{"raw":"x","raw":1}`, `{"maybe":{"sku":"m"},"twice":5}`, `{"twice":null}`, `{"nested":{"deep":[[],["a"],null]}}`,
	`{"Text":"other case"}`, `{"te\u0078t":"escaped"}`, `{"unknown":[1,{"a":null}],"text":"after"}`, `{"unknown":tru}`, `{"ünknown":1}`, `{"\u212a":1}`, `{"hidden":1,"Never":2,"-":3}`,
	`{"number":1.0}`, `{"number":1e2}`, `{"number":9223372036854775808}`, `{"number":-0}`, `{"number":01}`, `{"number":"1"}`, `{"Small":128}`, `{"count":-1}`, `{"count":4294967296}`, `{"price":1e999}`, `{"ratio":1e39}`, `{"done":1}`, `{"done":truex}`,
	`{"any":{"b":[1,"x",null],"a":1.5},"at":"2026-01-02T03:04:05Z","bytes":"aGk=","array":[1,2,3],"number":12,"by_int":{"1":"a"},"mixed":{"k":[]},"within":{"any":1},"upper":"Up","lower":"LoW","uppers":["a","B"]}`,
	`{"at":"never"}`, `{"bytes":"%"}`, `{"array":[1]}`, `{"number":"x"}`, `{"lower":7}`, `{"lower":null,"any":null}`, `{"sku":"embedded","other":"7"}`, `{"x":1}`, `{"within":` + deep + `}`,
	`"2026-01-02T03:04:05Z"`, `[1,2,3]`, `["a",null]`, `{"a":[1],"b":null}`, `true`, `-1.5`, `{"sku":"a","count":3}`, deep,
}

func TestEveryDocumentIsReadAsEncodingJSONDoes(t *testing.T) {
	for _, document := range documents {
		everyType(t, []byte(document))
	}
}

func FuzzValue(f *testing.F) {
	for _, document := range documents {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, data []byte) { everyType(t, data) })
}

func everyType(t *testing.T, data []byte) {
	t.Helper()
	sameValue[plainly](t, data)
	sameValue[*plainly](t, data)
	sameValue[oddly](t, data)
	sameValue[strangely](t, data)
	sameValue[clashing](t, data)
	sameValue[any](t, data)
	sameValue[json.RawMessage](t, data)
	sameValue[map[string][]int](t, data)
	sameValue[[]*string](t, data)
	sameValue[[]line](t, data)
	sameValue[time.Time](t, data)
	sameValue[lower](t, data)
	sameValue[struct{}](t, data)
	sameValue[float64](t, data)
	sameValue[float32](t, data)
	sameValue[bool](t, data)
}

// sameValue reads data into a T and writes that again, and compares both with
// what encoding/json does.
func sameValue[T any](t *testing.T, data []byte) {
	t.Helper()
	var want T
	wantErr := json.Unmarshal(data, &want)
	got, err := NewDecoder[T]().Decode(data)
	if text(err) != text(wantErr) || !reflect.DeepEqual(got, want) {
		t.Fatalf("%q was read as %T\n%+v, %v\nwant\n%+v, %v", data, got, got, err, want, wantErr)
	}
	sameWritten(t, got)
}

func sameWritten[T any](t *testing.T, v T) {
	t.Helper()
	want, wantErr := encode(v)
	got, err := NewEncoder[T]().Encode(v)
	if text(err) != text(wantErr) || (err == nil && string(got) != string(want)) {
		t.Fatalf("a %T was written as\n%s, %v\nwant\n%s, %v", v, got, err, want, wantErr)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWhatAuthorsDeclareIsReadAndWrittenQuickly(t *testing.T) {
	const document = `{"text":"a\nb","number":-7,"Small":127,"count":1,"price":1.5,"ratio":0.1,"done":true,"lines":[{"sku":"a","count":1}],` +
		`"labels":{"a":"b"},"by_name":{"x":{}},"raw":{"a":[1]},"maybe":{"sku":"m"},"twice":5,"nested":{"deep":[["a"]]},"unknown":1}`
	v, ok := NewDecoder[plainly]().quick([]byte(document))
	if !ok {
		t.Fatal("encoding/json has to read it")
	}
	if data, ok := NewEncoder[plainly]().quick(v); !ok {
		t.Errorf("encoding/json has to write it; so far %s", data)
	}
	if v.hidden = 1; v.Never != 0 {
		t.Error("a field that JSON does not know was read")
	}
}

func TestATypeThatIsLeftToEncodingJSONSpoilsNoOther(t *testing.T) {
	v, ok := NewDecoder[oddly]().quick([]byte(`{"at":"2026-01-02T03:04:05Z","within":{"upper":"x"}}`))
	if !ok || v.Within.Upper != "x" {
		t.Errorf("got %+v, %v", v, ok)
	}
	if _, ok := NewEncoder[oddly]().quick(v); !ok {
		t.Error("encoding/json has to write it")
	}
}

func TestEveryNumberIsWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, f := range []float64{0, math.Copysign(0, -1), 1, -1.5, 1e-5, 1e-6, 9.99e-7, 1e-7, 1e20, 1e21, 1e22, 123456789.125, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1)} {
		sameWritten(t, f)
		sameWritten(t, []float32{float32(f)})
	}
	sameWritten(t, []any{int8(-128), uint64(math.MaxUint64)})
	sameWritten(t, struct {
		A int8
		B uint64
		C uintptr
	}{-128, math.MaxUint64, 7})
}

func TestEveryEmptyValueIsLeftOutAsEncodingJSONDoes(t *testing.T) {
	type all struct {
		A string         `json:",omitempty"`
		B int            `json:",omitempty"`
		C bool           `json:",omitempty"`
		D []int          `json:",omitempty"`
		E map[string]int `json:",omitempty"`
		F *int           `json:",omitempty"`
		G any            `json:",omitempty"`
		H struct{}       `json:",omitempty"`
		I [0]int         `json:",omitempty"`
		J [1]int         `json:",omitempty"`
		K float64        `json:",omitempty"`
	}
	zero := 0
	sameWritten(t, all{})
	sameWritten(t, all{A: "a", B: 1, C: true, D: []int{0}, E: map[string]int{"": 0}, F: &zero, G: 0, K: math.Copysign(0, -1)})
	sameWritten(t, all{D: []int{}, E: map[string]int{}})
}

func TestMethodsOfAPointerCountOnlyWhereEncodingJSONFindsThem(t *testing.T) {
	type holder struct {
		Direct lower
		List   []lower
		Named  map[string]lower
		At     *lower
	}
	v := holder{lower{"A"}, []lower{{"B"}}, map[string]lower{"k": {"C"}}, &lower{"D"}}
	sameWritten(t, v)
	sameWritten(t, &v)
	sameWritten(t, []holder{v})
}

func TestAValueWithinItselfIsRefusedAsEncodingJSONDoes(t *testing.T) {
	type ring struct {
		Next *ring
		Map  map[string]ring
		List []ring
	}
	r := &ring{}
	r.Next = r
	sameWritten(t, r)
	sameWritten(t, ring{Map: map[string]ring{"a": {List: []ring{{}}}}})
	type selfish []selfish
	sameWritten(t, selfish{{}, {{}}})
	deepest := &[]*int{}
	sameWritten(t, &deepest)
}

func TestWhatHasNoJSONIsRefusedAsEncodingJSONDoes(t *testing.T) {
	sameWritten(t, func() {})
	sameWritten(t, struct{ F func() }{})
	sameWritten(t, map[string]chan int{"a": nil})
	sameWritten(t, struct{ Raw json.RawMessage }{json.RawMessage("{")})
	sameWritten(t, struct{ Raw json.RawMessage }{json.RawMessage{}})
	sameWritten(t, struct{ Raw json.RawMessage }{})
	sameWritten(t, struct{ Raw json.RawMessage }{json.RawMessage("[1, 2]")})
}
