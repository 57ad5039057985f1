package meter

import "bytes"

// Section ids of the binary format.
// Source: https://webassembly.github.io/spec/core/binary/modules.html
const (
	sectionCustom    = 0
	sectionType      = 1
	sectionImport    = 2
	sectionFunction  = 3
	sectionTable     = 4
	sectionMemory    = 5
	sectionGlobal    = 6
	sectionExport    = 7
	sectionStart     = 8
	sectionElement   = 9
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
	sections         = 13
)

// External kinds of imports and exports.
const (
	kindFunc   = 0
	kindTable  = 1
	kindMemory = 2
	kindGlobal = 3
)

// sectionOrder is the order in which known sections follow one another.
func sectionOrder() []byte {
	return []byte{
		sectionType, sectionImport, sectionFunction, sectionTable, sectionMemory, sectionGlobal,
		sectionExport, sectionStart, sectionElement, sectionDataCount, sectionCode, sectionData,
	}
}

// signature is a function type: its value types, as they are encoded.
type signature struct{ params, results string }

// global is a global of any origin.
type global struct {
	typ      byte
	mutable  bool
	imported bool
}

// table is a table that the module defines.
type table struct {
	typ      byte
	min, max uint32
}

// module is what the rewriter knows of a module.
type module struct {
	options   Options
	ops       *ops
	body      [sections][]byte // of each section, as it will be written
	types     []signature
	typeIndex map[signature]uint32
	imported  uint32   // functions
	functions []uint32 // type of each: imported ones first
	globals   []global
	tables    []table // imported ones first
	hasMemory bool
	scratch   []byte // for the function being written

	imports, exports, tablesDefined, memories, globalsDefined int // lengths of sections' vectors
	elements                                                  int
	dataCount                                                 int      // as announced, -1 without the section
	data                                                      []uint32 // length of each segment
	codes                                                     []reader // of each function defined
	names                                                     map[uint32]string
	facts                                                     Facts
	helpers                                                   helpers
	light                                                     lightness
	stats                                                     Stats
}

const header = "\x00asm\x01\x00\x00\x00"

// parse walks the sections. Code stays as it is until all else is known.
func parse(data []byte, options Options) (*module, *Error) {
	m := &module{options: options, ops: newOps(), typeIndex: map[signature]uint32{}, dataCount: -1, names: map[uint32]string{}, light: lightness{never: map[uint32]bool{}}}
	if !bytes.HasPrefix(data, []byte(header)) {
		return nil, &Error{Reason: "this is no WebAssembly module of version 1"}
	}
	r := &reader{data: data, pos: len(header), end: len(data)}
	last := -1
	for r.more() {
		m.section(r, &last)
	}
	if r.err == nil {
		m.checkCounts(r)
	}
	return m, r.err
}

func (m *module) section(r *reader, last *int) {
	at := r.pos
	id := r.byte()
	if id >= sections {
		r.fail(at, "a section of the unknown kind %d", id)
		return
	}
	if id != sectionCustom {
		order := bytes.IndexByte(sectionOrder(), id)
		if order <= *last {
			r.fail(at, "section %d comes too late, or twice", id)
			return
		}
		*last = order
	}
	body := r.span(r.u32())
	if r.err != nil {
		return
	}
	m.readSection(id, &body)
	if body.err == nil && body.more() {
		body.fail(body.pos, "section %d is longer than what it holds", id)
	}
	r.err = body.err
	if r.err != nil {
		r.pos = r.end
	}
}

func (m *module) readSection(id byte, r *reader) {
	read := [sections]func(*reader) []byte{
		sectionCustom: m.readCustom, sectionType: m.readTypes, sectionImport: m.readImports,
		sectionFunction: m.readFunctions, sectionTable: m.readTables, sectionMemory: m.readMemories,
		sectionGlobal: m.readGlobals, sectionExport: m.readExports, sectionStart: m.readStart,
		sectionElement: m.readElements, sectionCode: m.readCodes, sectionData: m.readData,
		sectionDataCount: m.readDataCount,
	}
	m.body[id] = read[id](r)
}

func (m *module) defined() int { return len(m.functions) - int(m.imported) }

func (m *module) checkCounts(r *reader) {
	switch {
	case m.defined() != len(m.codes):
		r.fail(r.end, "%d functions are declared, %d have code", m.defined(), len(m.codes))
	case m.dataCount >= 0 && m.dataCount != len(m.data):
		r.fail(r.end, "%d data segments are announced, %d are there", m.dataCount, len(m.data))
	}
}

// index reads an index that must lie below the bound. Everything that the
// rewriter appends has higher indices: no guest may name it.
func index(r *reader, what string, bound int) uint32 {
	at := r.pos
	i := r.u32()
	if uint64(i) >= uint64(bound) && r.err == nil {
		r.fail(at, "there is no %s %d", what, i)
		return 0
	}
	return i
}

// reference reads the index of a function that can be called by others than
// those whose code names it.
func (m *module) reference(r *reader) uint32 {
	i := index(r, "function", len(m.functions))
	m.light.never[i] = true
	return m.shift(i)
}

// shift is the index of a function after the import of tick is appended.
func (m *module) shift(i uint32) uint32 {
	if i >= m.imported {
		return i + 1
	}
	return i
}

// typeOf is the index of a function type, which is appended if it is new.
func (m *module) typeOf(s signature) uint32 {
	if i, ok := m.typeIndex[s]; ok {
		return i
	}
	m.addType(s)
	m.body[sectionType] = appendSignature(m.body[sectionType], s)
	return m.typeIndex[s]
}

func (m *module) addType(s signature) {
	if _, ok := m.typeIndex[s]; !ok {
		m.typeIndex[s] = uint32(len(m.types))
	}
	m.types = append(m.types, s)
}

func appendSignature(out []byte, s signature) []byte {
	return appendName(appendName(append(out, 0x60), s.params), s.results)
}
