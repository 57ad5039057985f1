package conformance_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// assemble makes a module of as much of WebAssembly's text format as the guests
// of testdata need: functions with instructions in a row, one memory, one
// table, data, and custom sections.
func assemble(text string) (_ []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("assemble: %v", cause)
		}
	}()
	forms, _ := read(tokens(text))
	w := &wat{names: map[string]int{}}
	body := forms[0].list[1:]
	for _, kind := range []string{"import", "func"} {
		for _, form := range body {
			if form.head() == kind {
				w.declare(form)
			}
		}
	}
	for _, form := range body {
		w.define(form)
	}
	return w.encode(), nil
}

// form is an atom, a string, or a list of forms.
type form struct {
	atom string
	text string // of a string, without its quotes and escapes
	list []form
}

func (f form) head() string {
	if len(f.list) == 0 {
		return ""
	}
	return f.list[0].atom
}

// tokens are parentheses, atoms, and strings with their opening quote.
func tokens(text string) (out []string) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], ";;"):
			i += strings.IndexByte(text[i:]+"\n", '\n')
		case c == ' ' || c == '\n' || c == '\t':
			i++
		case c == '(' || c == ')':
			out = append(out, text[i:i+1])
			i++
		case c == '"':
			value, size := unquote(text[i:])
			out = append(out, `"`+value)
			i += size
		default:
			size := strings.IndexAny(text[i:], " \n\t()")
			out = append(out, text[i:i+size])
			i += size
		}
	}
	return out
}

func unquote(text string) (value string, size int) {
	var out []byte
	for i := 1; ; i++ {
		switch {
		case text[i] == '"':
			return string(out), i + 1
		case text[i] != '\\':
			out = append(out, text[i])
		case strings.ContainsRune(`"'\nt`, rune(text[i+1])):
			i++
			out = append(out, map[byte]byte{'n': '\n', 't': '\t', '"': '"', '\'': '\'', '\\': '\\'}[text[i]])
		default:
			b, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
			if err != nil {
				panic(err)
			}
			out = append(out, byte(b))
			i += 2
		}
	}
}

func read(tokens []string) (forms []form, rest []string) {
	for len(tokens) > 0 {
		token := tokens[0]
		tokens = tokens[1:]
		switch {
		case token == "(":
			var inner []form
			inner, tokens = read(tokens)
			forms = append(forms, form{list: inner})
		case token == ")":
			return forms, tokens
		case token[0] == '"':
			forms = append(forms, form{text: token[1:]})
		default:
			forms = append(forms, form{atom: token})
		}
	}
	return forms, nil
}

// wat is a module on its way from text to bytes.
type wat struct {
	types     []string
	names     map[string]int // of functions
	count     int            // of functions
	imports   [][]byte
	functions [][]byte
	codes     [][]byte
	exports   [][]byte
	memory    []byte
	table     []byte
	declared  [][]byte // functions that ref.func may name
	data      [][]byte
	custom    []byte
}

// declare gives a function its index; imports come first.
func (w *wat) declare(f form) {
	parts := f.list[1:]
	if f.head() == "import" {
		parts = f.list[3].list[1:]
	}
	if len(parts) > 0 && strings.HasPrefix(parts[0].atom, "$") {
		w.names[parts[0].atom] = w.count
	}
	w.count++
}

func (w *wat) define(f form) {
	switch f.head() {
	case "import":
		index := w.typeOf(f.list[3].list)
		w.imports = append(w.imports, slices.Concat(str(f.list[1].text), str(f.list[2].text), []byte{0}, uleb(index)))
	case "func":
		w.function(f.list[1:])
	case "memory":
		w.memory = append([]byte{0}, uleb(number(f.list[2].atom))...)
		w.exports = append(w.exports, append(str(f.list[1].list[1].text), 2, 0))
	case "table":
		w.table = append([]byte{0x70, 0}, uleb(number(f.list[2].atom))...)
	case "elem":
		w.declared = append(w.declared, uleb(w.names[f.list[3].atom]))
	case "data":
		w.data = append(w.data, slices.Concat([]byte{0, 0x41}, sleb(int64(number(f.list[1].list[1].atom))), []byte{0x0b}, str(f.list[2].text)))
	case "@custom":
		w.custom = append(w.custom, custom(f.list[1].text, []byte(f.list[2].text))...)
	}
}

var valueTypes = map[string]byte{"i32": 0x7f, "i64": 0x7e}

// typeOf is the index of the signature that the parts of a function give.
func (w *wat) typeOf(parts []form) int {
	var params, results []byte
	for _, p := range parts {
		for _, part := range p.list {
			switch code, known := valueTypes[part.atom]; {
			case known && p.head() == "param":
				params = append(params, code)
			case known && p.head() == "result":
				results = append(results, code)
			}
		}
	}
	signature := string(slices.Concat([]byte{0x60}, str(string(params)), str(string(results))))
	if i := slices.Index(w.types, signature); i >= 0 {
		return i
	}
	w.types = append(w.types, signature)
	return len(w.types) - 1
}

func (w *wat) function(parts []form) {
	w.functions = append(w.functions, uleb(w.typeOf(parts)))
	locals, declared := map[string]int{}, 0
	var code []byte
	for _, p := range parts {
		switch head := p.head(); {
		case head == "export":
			w.exports = append(w.exports, slices.Concat(str(p.list[1].text), []byte{0}, uleb(len(w.imports)+len(w.functions)-1)))
		case head == "param" && p.list[1].atom[0] == '$', head == "local":
			locals[p.list[1].atom] = len(locals)
			if head == "local" {
				declared++
			}
		}
	}
	i := &instructions{w: w, locals: locals}
	for n, p := range parts {
		if p.atom != "" && (n > 0 || p.atom[0] != '$') { // the first may be the function's name
			i.take(p.atom)
		}
	}
	code = append([]byte{0}, i.code...)
	if declared > 0 { // all of them are of type i32
		code = slices.Concat([]byte{1}, uleb(declared), []byte{0x7f}, i.code)
	}
	w.codes = append(w.codes, str(string(append(code, 0x0b))))
}

// instructions are the code of one function.
type instructions struct {
	w      *wat
	locals map[string]int
	labels []string
	code   []byte
	wants  string // the kind of the immediate that comes next
}

// opcodes are instructions with the kind of their immediate.
var opcodes = map[string]struct{ code, immediate string }{
	"unreachable": {"\x00", ""}, "block": {"\x02\x40", "label"}, "loop": {"\x03\x40", "label"}, "if": {"\x04\x40", "none"}, "else": {"\x05", ""}, "end": {"\x0b", "close"},
	"br": {"\x0c", "branch"}, "br_if": {"\x0d", "branch"}, "return": {"\x0f", ""}, "call": {"\x10", "func"}, "drop": {"\x1a", ""},
	"local.get": {"\x20", "local"}, "local.set": {"\x21", "local"}, "table.set": {"\x26", "zero"}, "ref.func": {"\xd2", "func"},
	"i32.load": {"\x28\x00\x00", ""}, "i64.load": {"\x29\x00\x00", ""}, "i32.store": {"\x36\x00\x00", ""}, "memory.grow": {"\x40\x00", ""},
	"i32.const": {"\x41", "number"}, "i64.const": {"\x42", "number"}, "i32.eq": {"\x46", ""}, "i32.gt_u": {"\x4b", ""}, "i32.ge_s": {"\x4e", ""}, "i64.ne": {"\x52", ""},
	"i32.add": {"\x6a", ""}, "i32.div_u": {"\x6e", ""}, "i32.shl": {"\x74", ""}, "i64.or": {"\x84", ""}, "i64.shl": {"\x86", ""}, "i64.extend_i32_u": {"\xad", ""},
	"memory.copy": {"\xfc\x0a\x00\x00", ""},
}

func (i *instructions) take(atom string) {
	op, known := opcodes[atom]
	switch {
	case known && i.wants == "label": // a block without a name
		i.labels, i.wants = append(i.labels, ""), ""
		fallthrough
	case known:
		i.code = append(i.code, op.code...)
		switch i.wants = op.immediate; i.wants {
		case "none":
			i.labels, i.wants = append(i.labels, ""), ""
		case "close":
			i.labels, i.wants = i.labels[:len(i.labels)-1], ""
		}
		return
	}
	i.immediate(atom)
	i.wants = ""
}

func (i *instructions) immediate(atom string) {
	switch i.wants {
	case "label":
		i.labels = append(i.labels, atom)
	case "branch":
		i.code = append(i.code, uleb(len(i.labels)-1-slices.Index(i.labels, atom))...)
	case "func":
		i.code = append(i.code, uleb(i.w.names[atom])...)
	case "local":
		i.code = append(i.code, uleb(i.locals[atom])...)
	case "zero":
		i.code = append(i.code, 0)
	case "number":
		i.code = append(i.code, sleb(signed(atom))...)
	default:
		panic("instruction " + atom + " is none that the guests need")
	}
}

func (w *wat) encode() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	var types [][]byte
	for _, t := range w.types {
		types = append(types, []byte(t))
	}
	out = vector(out, 1, types)
	out = vector(out, 2, w.imports)
	out = vector(out, 3, w.functions)
	if w.table != nil {
		out = vector(out, 4, [][]byte{w.table})
	}
	out = vector(out, 5, [][]byte{w.memory})
	out = vector(out, 7, w.exports)
	if w.declared != nil {
		out = vector(out, 9, [][]byte{slices.Concat([]byte{3, 0}, uleb(len(w.declared)), slices.Concat(w.declared...))})
	}
	out = vector(out, 10, w.codes)
	out = vector(out, 11, w.data)
	out = append(out, w.custom...)
	return append(out, w.nameSection()...)
}

// nameSection holds the names of functions, if they have any.
func (w *wat) nameSection() []byte {
	var entries [][]byte
	for i := range w.count {
		for name, index := range w.names {
			if index == i {
				entries = append(entries, append(uleb(i), str(name[1:])...))
			}
		}
	}
	if entries == nil {
		return nil
	}
	names := slices.Concat(append([][]byte{uleb(len(entries))}, entries...)...)
	return custom("name", append([]byte{1}, str(string(names))...))
}

func custom(name string, data []byte) []byte {
	return append([]byte{0}, str(string(append(str(name), data...)))...)
}

func vector(out []byte, id byte, items [][]byte) []byte {
	if len(items) == 0 {
		return out
	}
	body := slices.Concat(append([][]byte{uleb(len(items))}, items...)...)
	return slices.Concat(out, []byte{id}, str(string(body)))
}

// str is bytes after their length.
func str(s string) []byte { return append(uleb(len(s)), s...) }

func uleb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func sleb(v int64) (out []byte) {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func number(atom string) int { return int(signed(atom)) }

func signed(atom string) int64 {
	v, err := strconv.ParseInt(atom, 0, 64)
	if err != nil {
		panic(err)
	}
	return v
}
