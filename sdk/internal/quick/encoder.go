package quick

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"sync"
)

// Encoder is json.Marshal of a T, but <, > and & stay as they are.
type Encoder[T any] struct {
	plan func() write
}

// NewEncoder returns an encoder. The plan of T is made by the first Encode.
func NewEncoder[T any]() *Encoder[T] {
	return &Encoder[T]{sync.OnceValue(func() write { return writes{}.of(reflect.TypeFor[T]()) })}
}

// usualOutput is room for most outputs.
const usualOutput = 256

// Encode returns what encoding/json would. A type's own MarshalJSON may be
// called twice, the first time in vain.
func (e *Encoder[T]) Encode(v T) ([]byte, error) {
	if data, ok := e.quick(v); ok {
		return data, nil
	}
	return encode(v)
}

func (e *Encoder[T]) quick(v T) (_ []byte, ok bool) {
	write := e.plan()
	if write == nil {
		return nil, false
	}
	w := writer{to: make([]byte, 0, usualOutput)}
	ok = write(&w, reflect.ValueOf(v))
	return w.to, ok
}

// write writes a value of one type. Where encoding/json has to write the type,
// it is nil.
type write func(w *writer, v reflect.Value) bool

// writes are the types that were met. A type within itself meets nil.
type writes map[reflect.Type]write

func (all writes) of(t reflect.Type) write {
	made, met := all[t]
	if !met {
		all[t] = nil
		made = all.plan(t)
		all[t] = made
	}
	return made
}

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func (all writes) plan(t reflect.Type) write {
	switch {
	case t == rawMessage:
		return func(w *writer, v reflect.Value) bool { return w.raw(v.Bytes()) }
	case t == number, has(t, marshaler), has(t, textMarshaler):
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return func(w *writer, v reflect.Value) bool { w.string(v.String()); return true }
	case reflect.Bool:
		return func(w *writer, v reflect.Value) bool { w.to = strconv.AppendBool(w.to, v.Bool()); return true }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(w *writer, v reflect.Value) bool { w.to = strconv.AppendInt(w.to, v.Int(), 10); return true }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(w *writer, v reflect.Value) bool { w.to = strconv.AppendUint(w.to, v.Uint(), 10); return true }
	case reflect.Float32, reflect.Float64:
		return writeFloat
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
