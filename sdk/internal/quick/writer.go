package quick

import (
	"bytes"
	"encoding/json"
)

// writer appends JSON as encoding/json writes it without HTML escaping. Methods
// with a result are false for what they don't know how to write: then the
// writer is of no more use.
type writer struct {
	to    []byte
	depth int
}

func (w *writer) begin(bracket byte) { w.to = append(w.to, bracket) }

func (w *writer) end(bracket byte) { w.to = append(w.to, bracket) }

// separate writes a comma, but for the first member or element.
func (w *writer) separate() {
	if last := w.to[len(w.to)-1]; last != '{' && last != '[' {
		w.to = append(w.to, ',')
	}
}

// name begins a member whose name needs no escape.
func (w *writer) name(n string) {
	w.separate()
	w.to = append(w.to, '"')
	w.to = append(w.to, n...)
	w.to = append(w.to, '"', ':')
}

func (w *writer) string(s string) {
	if !plain(s) {
		quoted, _ := encode(s) // every string encodes
		w.to = append(w.to, quoted...)
		return
	}
	w.to = append(w.to, '"')
	w.to = append(w.to, s...)
	w.to = append(w.to, '"')
}

// plain reports whether a JSON string can hold s as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			return false
		}
	}
	return true
}

// text writes a member that is a string.
func (w *writer) text(name, s string) {
	w.name(name)
	w.string(s)
}

// textIfAny writes it unless it is empty.
func (w *writer) textIfAny(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

// raw writes JSON that is compact already.
func (w *writer) raw(value []byte) bool {
	w.to = append(w.to, value...)
	s := scanner{data: value, depth: w.depth}
	return s.value() && s.end() && s.spaces == 0
}

// rawIfAny writes a member that is JSON already, unless it is absent.
func (w *writer) rawIfAny(name string, value []byte) bool {
	if len(value) == 0 {
		return true
	}
	w.name(name)
	return w.raw(value)
}

// list writes a member that is an array, unless it is empty.
func list[T any](w *writer, name string, of []T, element func(*T) bool) bool {
	if len(of) == 0 {
		return true
	}
	w.name(name)
	w.begin('[')
	for i := range of {
		w.separate()
		if !element(&of[i]) {
			return false
		}
	}
	w.end(']')
	return true
}

// encode is json.Marshal without HTML escaping: an HTML page would triple.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
