package abi

// writer appends JSON without reflection; see quickResult.
type writer struct{ to []byte }

func (w *writer) begin(bracket byte) { w.to = append(w.to, bracket) }

func (w *writer) end(bracket byte) { w.to = append(w.to, bracket) }

// name begins a member of an object.
func (w *writer) name(n string) {
	w.separate()
	w.to = append(w.to, '"')
	w.to = append(w.to, n...)
	w.to = append(w.to, '"', ':')
}

// separate writes a comma, but for the first member or element.
func (w *writer) separate() {
	if last := w.to[len(w.to)-1]; last != '{' && last != '[' {
		w.to = append(w.to, ',')
	}
}

// text writes a member that is a string.
func (w *writer) text(name, s string) {
	w.name(name)
	if !unescaped(s) {
		quoted, _ := encode(s) // every string encodes
		w.to = append(w.to, quoted...)
		return
	}
	w.to = append(w.to, '"')
	w.to = append(w.to, s...)
	w.to = append(w.to, '"')
}

// unescaped reports whether a JSON string that holds s can hold it as it is.
func unescaped(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			return false
		}
	}
	return true
}

func (w *writer) textIfAny(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

// raw writes a member that is JSON already, unless it is absent. It is false
// for JSON that is not compact, and for what is no JSON.
func (w *writer) raw(name string, value []byte) bool {
	if len(value) == 0 {
		return true
	}
	w.name(name)
	w.to = append(w.to, value...)
	s := scanner{data: value}
	return s.value(maxQuickDepth) && s.end() && s.spaces == 0
}

// list writes a member that is an array, unless it is empty.
func list[T any](w *writer, name string, of []T, element func(*T) bool) bool {
	if len(of) == 0 {
		return true
	}
	w.name(name)
	w.begin('[')
	ok := true
	for i := range of {
		w.separate()
		ok = element(&of[i]) && ok
	}
	w.end(']')
	return ok
}
