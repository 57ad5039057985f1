package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// template is text with {name}s in it: RFC 6570, level 1.
type template []part

// part is literal text, or the name of a value.
type part struct{ text, name string }

var variable = regexp.MustCompile(`\{([^{}]*)\}`)

var variableName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func parseTemplate(text string) (template, error) {
	var t template
	rest := 0
	for _, found := range variable.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[2]:found[3]]
		if !variableName.MatchString(name) {
			return nil, fmt.Errorf("{%s} is no name: write {name}, or {a.b} for a field within a field", name)
		}
		t = append(t, part{text: text[rest:found[0]]}, part{name: name})
		rest = found[1]
	}
	t = append(t, part{text: text[rest:]})
	for _, p := range t {
		if strings.ContainsAny(p.text, "{}") {
			return nil, errors.New("a brace stands alone: names are written {name}")
		}
	}
	return t, nil
}

// alone reports whether t is one name and nothing else: what may be left out.
func (t template) alone() bool {
	return len(t) == 3 && t[0].text == "" && t[2].text == ""
}

// fill writes the template with values passed through encode.
func (t template) fill(payload any, encode func(name, value string) (string, error)) (string, error) {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.text)
		if p.name == "" {
			continue
		}
		value, err := lookUp(payload, p.name)
		if err != nil {
			return "", err
		}
		encoded, err := encode(p.name, value)
		if err != nil {
			return "", err
		}
		b.WriteString(encoded)
	}
	return b.String(), nil
}

var errMissing = errors.New("the payload has no such field, or null")

// lookUp finds a field of the payload that is text, a number or a boolean.
func lookUp(payload any, name string) (string, error) {
	value := payload
	for key := range strings.SplitSeq(name, ".") {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	switch value := value.(type) {
	case nil:
		return "", fmt.Errorf("{%s}: %w", name, errMissing)
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	case bool:
		return fmt.Sprint(value), nil
	}
	return "", fmt.Errorf("{%s} is an array or an object: a template takes text, numbers and booleans", name)
}

// inPath encodes a value that can be one segment of a path and nothing more,
// also for a server that undoes the encoding before it looks for segments.
func inPath(name, value string) (string, error) {
	if value == "" {
		return "", fmt.Errorf("{%s} is empty: the path would be another one", name)
	}
	for piece := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '/' || r == '\\' || r == ';' }) {
		if piece == "." || piece == ".." {
			return "", fmt.Errorf("{%s} holds a dot segment: the path would be another one", name)
		}
	}
	if strings.ContainsFunc(value, control) {
		return "", fmt.Errorf("{%s} holds a control character", name)
	}
	return percent(value), nil
}

func inQuery(_, value string) (string, error) { return percent(value), nil }

func inHeader(name, value string) (string, error) {
	if strings.ContainsFunc(value, control) {
		return "", fmt.Errorf("{%s} holds a line break or another control character, which no header may", name)
	}
	return value, nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// percent encodes all but the unreserved characters of RFC 3986.
func percent(value string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(value) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
