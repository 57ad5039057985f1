package quick

import (
	"reflect"
	"strings"
)

func (all reads) pointer(t reflect.Type) read {
	target := all.of(t.Elem())
	if target == nil {
		return nil
	}
	return orNull(func(s *scanner, to reflect.Value) bool {
		to.Set(reflect.New(t.Elem()))
		return target(s, to.Elem())
	})
}

func (all reads) slice(t reflect.Type) read {
	element := all.of(t.Elem())
	if element == nil || t.Elem().Kind() == reflect.Uint8 { // bytes are base64
		return nil
	}
	return orNull(func(s *scanner, to reflect.Value) bool {
		n := 0
		ok := s.array(func() bool {
			if n == to.Cap() {
				to.Grow(max(n, 4))
			}
			n++
			to.SetLen(n)
			return element(s, to.Index(n-1))
		})
		if n == 0 {
			to.Set(reflect.MakeSlice(t, 0, 0)) // [] is not null
		}
		return ok
	})
}

func (all reads) mapping(t reflect.Type) read {
	element := all.of(t.Elem())
	if element == nil || t.Key().Kind() != reflect.String || has(t.Key(), textUnmarshaler) {
		return nil
	}
	return orNull(func(s *scanner, to reflect.Value) bool {
		to.Set(reflect.MakeMap(t))
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		return s.list('{', '}', func() bool {
			value.SetZero()
			if !readString(s, key) || !s.take(':') || !element(s, value) {
				return false
			}
			to.SetMapIndex(key, value)
			return true
		})
	})
}

func (all reads) structure(t reflect.Type) read {
	fields, ok := fieldsOf(t)
	if !ok {
		return nil
	}
	members := make([]read, len(fields))
	for i, f := range fields {
		if members[i] = all.of(t.Field(f.index).Type); members[i] == nil {
			members[i] = readOther
		}
	}
	return orNull(func(s *scanner, to reflect.Value) bool {
		seen, last := uint64(0), -1
		return s.object(func(key []byte) bool {
			i, ok := find(fields, key, last+1)
			if !ok {
				return stranger(fields, key) && s.value()
			}
			if seen&(1<<i) != 0 {
				return false // what the two make together is encoding/json's to know
			}
			seen, last = seen|1<<i, i
			return members[i](s, to.Field(fields[i].index))
		})
	})
}

// find looks for the field of a key, from the one that most likely has it.
func find(fields []field, key []byte, likely int) (int, bool) {
	for n := range fields {
		i := (likely + n) % len(fields)
		if fields[i].name == string(key) {
			return i, true
		}
	}
	return 0, false
}

// stranger reports whether a key is that of no field, in any case and however
// it is written.
func stranger(fields []field, key []byte) bool {
	if !plain(string(key)) {
		return false
	}
	for _, f := range fields {
		if strings.EqualFold(f.name, string(key)) {
			return false
		}
	}
	return true
}
