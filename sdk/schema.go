package sdk

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// direction is whether a schema is of what encoding/json reads into a type, or
// of what it writes of one: they differ where a type has methods for one only.
type direction bool

const (
	reads  direction = false
	writes direction = true
)

// keywords are a JSON Schema, draft 2020-12. The other schema is true: anything.
type keywords = map[string]any

// schemaOf derives the schema of t; nil when it would allow everything.
func schemaOf(t reflect.Type, dir direction) json.RawMessage {
	d := &deriver{dir: dir, uses: map[reflect.Type]int{}, counting: true, names: map[reflect.Type]string{}, defs: keywords{}}
	d.of(t)
	d.counting = false
	s, ok := d.of(t).(keywords)
	if !ok {
		return nil
	}
	if len(d.defs) > 0 {
		s["$defs"] = d.defs
	}
	encoded, _ := json.Marshal(s) // maps, strings and numbers
	return encoded
}

// deriver walks a type twice: first it counts, so that in the second walk types
// that are used again, or in themselves, become a $ref into $defs.
type deriver struct {
	dir      direction
	counting bool
	uses     map[reflect.Type]int
	names    map[reflect.Type]string // in defs
	defs     keywords
}

// of is keywords, or true.
func (d *deriver) of(t reflect.Type) any {
	if s := d.byMethods(t); s != nil {
		return s
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		if t.Name() != "" {
			return d.named(t)
		}
	}
	return d.byKind(t)
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	numberType      = reflect.TypeFor[json.Number]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	marshaler       = reflect.TypeFor[json.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
)

// byMethods is the schema of a type that has its own way with JSON, else nil.
func (d *deriver) byMethods(t reflect.Type) any {
	pointer := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer:
		return nil
	case t == timeType:
		return keywords{"type": "string", "format": "date-time"}
	case t == numberType && d.dir == reads:
		return keywords{"type": []string{"number", "string"}}
	case t == numberType:
		return keywords{"type": "number"}
	case d.dir == reads && pointer.Implements(unmarshaler):
		return true
	case d.dir == reads && pointer.Implements(textUnmarshaler):
		return keywords{"type": "string"}
	case d.dir == writes && pointer.Implements(marshaler):
		return true
	case d.dir == writes && t.Implements(textMarshaler):
		return keywords{"type": "string"}
	case d.dir == writes && pointer.Implements(textMarshaler):
		return true // a string where it has a pointer, else as its kind
	}
	return nil
}

// named is the schema of a named type that others may lie in.
func (d *deriver) named(t reflect.Type) any {
	if d.counting {
		if d.uses[t]++; d.uses[t] > 1 {
			return true
		}
		return d.byKind(t)
	}
	if d.uses[t] == 1 {
		return d.byKind(t)
	}
	if _, known := d.names[t]; !known {
		name := d.freeName(t)
		d.names[t], d.defs[name] = name, true // until it is known: it may refer to itself
		d.defs[name] = nullable(d.byKind(t))
	}
	ref := keywords{"$ref": "#/$defs/" + d.names[t]}
	switch t.Kind() { // the definition allows null, the other kinds do too
	case reflect.Struct:
		ref["type"] = "object"
	case reflect.Array:
		ref["type"] = "array"
	}
	return ref
}

// freeName is a name for t that needs no escaping in a $ref.
func (d *deriver) freeName(t reflect.Type) string {
	plain, _, _ := strings.Cut(t.Name(), "[")
	plain = strings.Map(func(c rune) rune {
		if c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return -1
	}, plain)
	name := plain
	for n := 2; d.defs[name] != nil; n++ {
		name = fmt.Sprint(plain, n)
	}
	return name
}

func (d *deriver) byKind(t reflect.Type) any {
	switch t.Kind() {
	case reflect.Bool:
		return keywords{"type": "boolean"}
	case reflect.String:
		return keywords{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return keywords{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		most := int64(1)<<(bits(t)-1) - 1
		return keywords{"type": "integer", "minimum": -most - 1, "maximum": most}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return keywords{"type": "integer", "minimum": 0, "maximum": ^uint64(0) >> (64 - bits(t))}
	case reflect.Pointer:
		return nullable(d.of(t.Elem()))
	case reflect.Slice:
		return nullable(d.slice(t.Elem()))
	case reflect.Array:
		return keywords{"type": "array", "items": d.of(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return keywords{"type": []string{"object", "null"}, "additionalProperties": d.of(t.Elem())}
	case reflect.Struct:
		return d.object(t)
	}
	return true // an interface, or what encoding/json refuses anyway
}

// bits are those that a number has in a module, which may differ from here.
func bits(t reflect.Type) int {
	switch t.Kind() {
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return 64
	}
	return t.Bits()
}

func (d *deriver) slice(elem reflect.Type) any {
	if elem.Kind() != reflect.Uint8 {
		return keywords{"type": "array", "items": d.of(elem)}
	}
	if d.byMethods(elem) != nil {
		return true // read as base64 or one by one, written as its methods like
	}
	return keywords{"type": "string", "contentEncoding": "base64"}
}

// nullable allows null as well.
func nullable(s any) any {
	k, ok := s.(keywords)
	if !ok {
		return s
	}
	switch kind := k["type"].(type) {
	case string:
		if k["type"] = []string{kind, "null"}; k["$ref"] != nil {
			delete(k, "type") // the definition says the same
		}
	case []string:
		if !slices.Contains(kind, "null") {
			k["type"] = append(kind, "null")
		}
	}
	return k
}
