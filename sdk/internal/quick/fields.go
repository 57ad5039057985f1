package quick

import (
	"reflect"
	"strings"
)

// field is a field of a struct that JSON knows.
type field struct {
	index     int
	name      string
	omitEmpty bool
}

// maxFields fits into the bits of a word.
const maxFields = 64

// fieldsOf returns the fields of a struct. ok is false when their names follow
// rules that are encoding/json's to know: embedding, conflicts, unusual tags.
func fieldsOf(t reflect.Type) (fields []field, ok bool) {
	taken := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		switch {
		case f.Anonymous:
			return nil, false
		case !f.IsExported(), tag == "-":
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		if taken[name] || !usual(name) || (options != "" && options != "omitempty") {
			return nil, false
		}
		taken[name] = true
		fields = append(fields, field{index: i, name: name, omitEmpty: options == "omitempty"})
	}
	return fields, len(fields) <= maxFields
}

// usual reports whether a name means itself in a tag, and in JSON.
func usual(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == ""
}
