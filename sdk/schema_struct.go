package sdk

import (
	"reflect"
	"strings"
	"unicode"
)

// property is a field of a struct as encoding/json sees it.
type property struct {
	name     string
	typ      reflect.Type
	named    bool // by its tag
	optional bool // not always written, or nothing to be missed
	quoted   bool // a number or boolean that is written as a string
	doc      string
}

// object is the schema of a struct. Properties that it does not have are
// allowed, because encoding/json passes over them. It reads the name of a field
// in any case, so only a name that the author gave can be asked for.
func (d *deriver) object(t reflect.Type) keywords {
	properties, required := keywords{}, []string{}
	for _, p := range propertiesOf(t) {
		properties[p.name] = d.property(p)
		if !p.optional && (d.dir == writes || p.named && p.typ.Kind() != reflect.Pointer) {
			required = append(required, p.name)
		}
	}
	s := keywords{"type": "object"}
	if len(properties) > 0 {
		s["properties"] = properties
	}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (d *deriver) property(p property) any {
	s := d.of(p.typ)
	if p.quoted {
		s = keywords{"type": "string"}
		if p.typ.Kind() == reflect.Pointer {
			s = nullable(s)
		}
	}
	if p.doc == "" {
		return s
	}
	k, ok := s.(keywords)
	if !ok {
		k = keywords{}
	}
	k["description"] = p.doc
	return k
}

// level is one struct whose fields are taken: the type itself, or one embedded.
type level struct {
	typ      reflect.Type
	optional bool // embedded by pointer, so it may be nil
}

// propertiesOf lists the properties by the rules of encoding/json: of fields
// with one name the least deeply embedded counts, of those the one whose tag
// names it, and if that is not one field, none.
func propertiesOf(t reflect.Type) (found []property) {
	taken, visited := map[string]bool{}, map[reflect.Type]bool{}
	for levels := []level{{typ: t}}; len(levels) > 0; {
		var here []property
		var below []level
		for _, l := range levels {
			if visited[l.typ] {
				continue
			}
			fields, embedded := l.fields()
			here, below = append(here, fields...), append(below, embedded...)
		}
		for _, l := range levels {
			visited[l.typ] = true
		}
		for _, p := range here {
			if !taken[p.name] && dominates(p, here) {
				found = append(found, p)
			}
		}
		for _, p := range here {
			taken[p.name] = true
		}
		levels = below
	}
	return found
}

// dominates tells whether p is the one property of its name on a level that counts.
func dominates(p property, all []property) bool {
	same, named := 0, 0
	for _, other := range all {
		if other.name == p.name {
			same++
			if other.named {
				named++
			}
		}
	}
	return same == 1 || p.named && named == 1
}

// fields are the properties that l has itself, and the structs that it embeds.
func (l level) fields() (own []property, embedded []level) {
	for i := range l.typ.NumField() {
		f := l.typ.Field(i)
		tag := f.Tag.Get("json")
		target := f.Type
		if target.Name() == "" && target.Kind() == reflect.Pointer {
			target = target.Elem()
		}
		inlined := f.Anonymous && target.Kind() == reflect.Struct
		if tag == "-" || !f.IsExported() && !inlined {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		if inlined && name == "" {
			embedded = append(embedded, level{target, l.optional || f.Type != target})
			continue
		}
		if !f.IsExported() {
			continue
		}
		p := property{name: name, typ: f.Type, named: name != "", doc: f.Tag.Get("doc"), optional: l.optional}
		if name == "" {
			p.name = f.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			p.optional = p.optional || option == "omitempty" || option == "omitzero"
			p.quoted = p.quoted || option == "string" && scalar(target)
		}
		own = append(own, p)
	}
	return own, embedded
}

// validName tells whether encoding/json would take name from a tag.
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
}

// scalar tells whether encoding/json would heed the option string.
func scalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	}
	return false
}
