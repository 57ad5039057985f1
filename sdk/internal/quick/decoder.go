package quick

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
)

// Decoder is json.Unmarshal into a zero T.
type Decoder[T any] struct {
	plan func() read
}

// NewDecoder returns a decoder. The plan of T is made by the first Decode.
func NewDecoder[T any]() *Decoder[T] {
	return &Decoder[T]{sync.OnceValue(func() read { return reads{}.of(reflect.TypeFor[T]()) })}
}

// Decode returns what json.Unmarshal would. A type's own UnmarshalJSON may be
// called twice, the first time in vain.
func (d *Decoder[T]) Decode(data []byte) (T, error) {
	if v, ok := d.quick(data); ok {
		return v, nil
	}
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

func (d *Decoder[T]) quick(data []byte) (v T, ok bool) {
	read := d.plan()
	if read == nil {
		return v, false
	}
	s := scanner{data: data}
	ok = read(&s, reflect.ValueOf(&v).Elem()) && s.end()
	return v, ok
}

// read reads a value of one type into a zero value of it. Where encoding/json
// has to read the type, it is nil.
type read func(s *scanner, to reflect.Value) bool

// reads are the types that were met. A type within itself meets nil.
type reads map[reflect.Type]read

func (all reads) of(t reflect.Type) read {
	made, met := all[t]
	if !met {
		all[t] = nil
		made = all.plan(t)
		all[t] = made
	}
	return made
}

var (
	rawMessage      = reflect.TypeFor[json.RawMessage]()
	number          = reflect.TypeFor[json.Number]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (all reads) plan(t reflect.Type) read {
	switch {
	case t == rawMessage:
		return readRaw
	case t == number, has(t, unmarshaler), has(t, textUnmarshaler):
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return orNull(readString)
	case reflect.Bool:
		return orNull(readBool)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return orNull(readInt)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return orNull(readUint)
	case reflect.Float32, reflect.Float64:
		return orNull(readFloat)
	case reflect.Pointer:
		return all.pointer(t)
	case reflect.Slice:
		return all.slice(t)
	case reflect.Map:
		return all.mapping(t)
	case reflect.Struct:
		return all.structure(t)
	}
	return nil
}

// has reports whether t, or a pointer to it, has the methods of an interface.
func has(t, methods reflect.Type) bool {
	return t.Implements(methods) || reflect.PointerTo(t).Implements(methods)
}
