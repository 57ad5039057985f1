package meter_test

import (
	"encoding/binary"
	"strings"
)

// wasm is a module written by hand. Vectors are strings of encoded elements.
type wasm struct {
	types   []string
	imports []string
	funcs   []fn
	tables  []string
	memory  string // limits
	globals []string
	exports []string
	start   string
	elems   []string
	code    []string // instead of that of funcs
	data    []string
	custom  []string // at the end
}

// fn is a function: the index of its type, its locals (a vector) and its code
// without the last end.
type fn struct {
	typ    byte
	locals string
	code   string
}

// Types that tests use, by their index.
const (
	tNone    = 0 // () -> ()
	tI32     = 1 // (i32) -> (i32)
	tI32Void = 2 // (i32) -> ()
	tMany    = 3 // (i32) -> (i32 i64 i32)
	tThree   = 4 // (i32 i32 i32) -> ()
	tI64     = 5 // (i64) -> (i64)
	tGet     = 6 // () -> (i32)
)

func testTypes() []string {
	return []string{"\x60\x00\x00", "\x60\x01\x7f\x01\x7f", "\x60\x01\x7f\x00", "\x60\x01\x7f\x03\x7f\x7e\x7f", "\x60\x03\x7f\x7f\x7f\x00", "\x60\x01\x7e\x01\x7e", "\x60\x00\x01\x7f"}
}

// module exports the functions as f0, f1 and so on.
func module(funcs ...fn) wasm {
	w := wasm{types: testTypes(), funcs: funcs}
	for i := range funcs {
		w.exports = append(w.exports, sized("f"+string(rune('0'+i)))+"\x00"+string(rune(i)))
	}
	return w
}

func (w wasm) bytes() []byte {
	var declared []string
	code := w.code
	for _, f := range w.funcs {
		declared = append(declared, string(rune(f.typ)))
		if w.code == nil {
			code = append(code, sized(orNone(f.locals)+f.code+"\x0b"))
		}
	}
	out := "\x00asm\x01\x00\x00\x00"
	for _, s := range []struct {
		id    byte
		items []string
	}{{1, w.types}, {2, w.imports}, {3, declared}, {4, w.tables}, {5, some(w.memory)}, {6, w.globals}, {7, w.exports}} {
		out += section(s.id, s.items)
	}
	if w.start != "" {
		out += "\x08" + sized(w.start)
	}
	out += section(9, w.elems)
	if w.data != nil {
		out += "\x0c" + sized(leb(int64(len(w.data))))
	}
	out += section(10, code) + section(11, w.data)
	for _, c := range w.custom {
		out += "\x00" + sized(c)
	}
	return []byte(out)
}

func section(id byte, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return string([]byte{id}) + sized(uleb(uint64(len(items)))+strings.Join(items, ""))
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func orNone(locals string) string {
	if locals == "" {
		return "\x00"
	}
	return locals
}

func sized(s string) string { return uleb(uint64(len(s))) + s }

func uleb(v uint64) string { return string(binary.AppendUvarint(nil, v)) }

// leb is signed LEB128.
func leb(v int64) string {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && b&0x40 == 0) || (v == -1 && b&0x40 != 0) {
			return string(append(out, b))
		}
		out = append(out, b|0x80)
	}
}

func i32(v int64) string { return "\x41" + leb(v) }

func get(local byte) string { return "\x20" + string([]byte{local}) }

func set(local byte) string { return "\x21" + string([]byte{local}) }

func call(function byte) string { return "\x10" + string([]byte{function}) }

// Instructions that tests spell often.
const (
	block  = "\x02\x40"
	loop   = "\x03\x40"
	cond   = "\x04\x40"
	els    = "\x05"
	end    = "\x0b"
	br0    = "\x0c\x00"
	brIf0  = "\x0d\x00"
	ret    = "\x0f"
	drop   = "\x1a"
	add    = "\x6a"
	sub    = "\x6b"
	nop    = "\x01"
	trap   = "\x00"
	fill   = "\xfc\x0b\x00"
	move   = "\xfc\x0a\x00\x00"
	grow   = "\x40\x00"
	pages1 = "\x00\x01" // limits of a memory
)

func repeat(s string, n int) string { return strings.Repeat(s, n) }
