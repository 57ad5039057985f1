package wasm

import (
	"encoding/binary"
	"slices"

	"github.com/lessee-run/lessee/abi"
)

// guest is a core module written by hand: every export returns a constant.
// It shows the host what no SDK would.
type guest struct {
	version int32
	alloc   int32
	execute uint64
	data    string // at address 16
	pages   uint32 // of memory at the start; 0: one
	imports []symbol
	without string   // the export to leave out
	also    string   // the name of one more export, of type ()->()
	init    []byte   // code of lessee_init, of a function without locals; nil: not exported
	start   bool     // init is the start function as well
	extra   [][]byte // bodies of further functions ()->()
}

// Types by index: those of the exports, then those that imports use.
var guestTypes = []string{"\x60\x00\x01\x7f", "\x60\x01\x7f\x01\x7f", "\x60\x02\x7f\x7f\x01\x7e", "\x60\x00\x00", "\x60\x03\x7f\x7f\x7f\x00"}

func (g guest) assemble() []byte {
	n := byte(len(g.imports))
	exports := [][]byte{
		export(abi.ExportMemory, kindMemory, 0), export(abi.ExportABIVersion, kindFunc, n),
		export(abi.ExportAlloc, kindFunc, n+1), export(abi.ExportExecute, kindFunc, n+2),
	}
	exports = slices.DeleteFunc(exports, func(e []byte) bool { return g.without != "" && string(e[1:len(e)-2]) == g.without })
	if g.also != "" {
		exports = append(exports, export(g.also, kindFunc, n+3))
	}
	functions, bodies := [][]byte{{0}, {1}, {2}, {3}}, [][]byte{
		constant(0x41, int64(g.version)), constant(0x41, int64(g.alloc)), constant(0x42, int64(g.execute)), {2, 0, 0x0b},
	}
	if g.init != nil {
		exports = append(exports, export(abi.ExportInit, kindFunc, n+4))
		functions, bodies = append(functions, []byte{3}), append(bodies, sized(append([]byte{0}, g.init...)))
	}
	for _, body := range g.extra {
		functions, bodies = append(functions, []byte{3}), append(bodies, sized(body))
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = section(out, sectionType, toBytes(guestTypes)...)
	out = section(out, sectionImport, g.encodedImports()...)
	out = section(out, sectionFunction, functions...)
	out = section(out, sectionMemory, append([]byte{0}, leb(int64(max(g.pages, 1)))...))
	out = section(out, sectionExport, exports...)
	if g.start {
		out = append(out, 8, 1, n+4)
	}
	out = section(out, 10, bodies...)
	return section(out, 11, slices.Concat([]byte{0, 0x41, 16, 0x0b}, sized([]byte(g.data))))
}

func (g guest) encodedImports() [][]byte {
	var out [][]byte
	for _, s := range g.imports {
		kind := []byte{s.kind, 4}
		if s.kind == kindMemory {
			kind = []byte{s.kind, 0, 1}
		}
		out = append(out, slices.Concat(sized([]byte(s.module)), sized([]byte(s.name)), kind))
	}
	return out
}

func section(out []byte, id byte, items ...[]byte) []byte {
	body := slices.Concat(append([][]byte{binary.AppendUvarint(nil, uint64(len(items)))}, items...)...)
	return slices.Concat(out, []byte{id}, sized(body))
}

func export(name string, kind, index byte) []byte {
	return append(sized([]byte(name)), kind, index)
}

func constant(opcode byte, value int64) []byte {
	return sized(slices.Concat([]byte{0, opcode}, leb(value), []byte{0x0b}))
}

func sized(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }

// leb is signed LEB128.
func leb(v int64) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && b&0x40 == 0) || (v == -1 && b&0x40 != 0) {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func toBytes(list []string) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s))
	}
	return out
}
