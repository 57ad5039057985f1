package quick

import (
	"reflect"
	"slices"
	"strings"
)

// orNull writes what is nil as null, and bounds how deep the rest may go.
func (w *writer) orNull(v reflect.Value, write func() bool) bool {
	if v.IsNil() {
		w.to = append(w.to, "null"...)
		return true
	}
	if w.depth++; w.depth > maxDepth {
		return false
	}
	ok := write()
	w.depth--
	return ok
}

func (all writes) pointer(t reflect.Type) write {
	target := all.of(t.Elem())
	if target == nil {
		return nil
	}
	return func(w *writer, v reflect.Value) bool {
		return w.orNull(v, func() bool { return target(w, v.Elem()) })
	}
}

func (all writes) slice(t reflect.Type) write {
	element := all.of(t.Elem())
	if element == nil || t.Elem().Kind() == reflect.Uint8 { // bytes are base64
		return nil
	}
	return func(w *writer, v reflect.Value) bool {
		return w.orNull(v, func() bool {
			w.begin('[')
			for i := range v.Len() {
				w.separate()
				if !element(w, v.Index(i)) {
					return false
				}
			}
			w.end(']')
			return true
		})
	}
}

func (all writes) mapping(t reflect.Type) write {
	element := all.of(t.Elem())
	if element == nil || t.Key().Kind() != reflect.String || has(t.Key(), textMarshaler) {
		return nil
	}
	return func(w *writer, v reflect.Value) bool {
		return w.orNull(v, func() bool {
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			w.begin('{')
			for _, key := range keys {
				w.separate()
				w.string(key.String())
				w.to = append(w.to, ':')
				if !element(w, v.MapIndex(key)) {
					return false
				}
			}
			w.end('}')
			return true
		})
	}
}

func (all writes) structure(t reflect.Type) write {
	fields, ok := fieldsOf(t)
	if !ok {
		return nil
	}
	members := make([]write, len(fields))
	for i, f := range fields {
		if members[i] = all.of(t.Field(f.index).Type); members[i] == nil {
			members[i] = writeOther
		}
	}
	return func(w *writer, v reflect.Value) bool {
		w.begin('{')
		for i := range fields {
			f, member := &fields[i], v.Field(fields[i].index)
			if f.omitEmpty && empty(member) {
				continue
			}
			w.name(f.name)
			if !members[i](w, member) {
				return false
			}
		}
		w.end('}')
		return true
	}
}

// empty is what omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
