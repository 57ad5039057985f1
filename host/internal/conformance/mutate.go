package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// mutant is a payload made from an example, and in what it differs.
type mutant struct {
	what    string
	payload json.RawMessage
}

// node is a value inside a payload, and the way to it.
type node struct {
	path  []string
	value any
}

// maxNodes bounds how many values of an example are tried.
const maxNodes = 16

// absent is what a value is replaced by to be taken out.
type absent struct{}

// parse reads JSON with numbers as they are written; what is none is nil.
func parse(data json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil
	}
	return v
}

// nodes are the values of a payload, from the outside in.
func nodes(payload json.RawMessage) []node {
	found := []node{{value: parse(payload)}}
	for i := 0; i < len(found) && len(found) < maxNodes; i++ {
		for _, name := range memberNames(found[i].value) {
			path := append(slices.Clone(found[i].path), name)
			found = append(found, node{path, member(found[i].value, name)})
		}
	}
	return found[:min(len(found), maxNodes)]
}

func memberNames(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		names = slices.Sorted(maps.Keys(v))
	case []any:
		for i := range v {
			names = append(names, strconv.Itoa(i))
		}
	}
	return names
}

func member(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[name]
	case []any:
		i, _ := strconv.Atoi(name) // it comes from memberNames
		return v[i]
	}
	return nil
}

// replaced is v with another value at path; nothing of v is changed.
func replaced(v any, path []string, with any) any {
	if len(path) == 0 {
		return with
	}
	inner := replaced(member(v, path[0]), path[1:], with)
	_, out := inner.(absent)
	switch v := v.(type) {
	case map[string]any:
		copied := maps.Clone(v)
		if copied[path[0]] = inner; out {
			delete(copied, path[0])
		}
		return copied
	case []any:
		i, _ := strconv.Atoi(path[0])
		copied := slices.Clone(v)
		if copied[i] = inner; out {
			copied = slices.Delete(copied, i, i+1)
		}
		return copied
	}
	return v
}

// pointer is a JSON Pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, part := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return b.String()
}

// place of a node in words.
func (n node) String() string {
	if len(n.path) == 0 {
		return "the payload"
	}
	return pointer(n.path)
}

// mutants are payload with each of its nodes that fits replaced by each of values.
func mutants(payload json.RawMessage, fits func(node) bool, values ...any) (out []mutant) {
	whole := parse(payload)
	for _, n := range nodes(payload) {
		if !fits(n) {
			continue
		}
		for _, value := range values {
			if _, out := value.(absent); out && len(n.path) == 0 || same(kindOf(value), kindOf(n.value)) {
				continue
			}
			encoded, err := json.Marshal(replaced(whole, n.path, value))
			if err == nil {
				out = append(out, mutant{n.String() + " " + describe(value), encoded})
			}
		}
	}
	return out
}

// literal is a value that counts as of no kind, so that it replaces any other.
type literal struct{ text string }

func (l literal) MarshalJSON() ([]byte, error) { return []byte(l.text), nil }

func same(a, b string) bool { return a == b && a != "" }

// kindOf is the JSON type of a value; empty: it has none of its own.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number, int:
		return "a number"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return ""
}

func describe(v any) string {
	switch v := v.(type) {
	case absent:
		return "left out"
	case literal:
		if len(v.text) > 40 {
			return fmt.Sprintf("as %s… (%d bytes)", v.text[:40], len(v.text))
		}
		return "as " + v.text
	}
	return "as " + kindOf(v)
}
