package wasm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// Section ids of the binary format.
// Source: https://webassembly.github.io/spec/core/binary/modules.html
const (
	sectionCustom   = 0
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionMemory   = 5
	sectionExport   = 7
)

// External kinds of imports and exports.
const (
	kindFunc   = 0
	kindTable  = 1
	kindMemory = 2
	kindGlobal = 3
)

const pageSize = 64 << 10

// symbol is an import or an export. sig is its type for a function.
type symbol struct {
	module string // of an import
	name   string
	kind   byte
	sig    string
}

// outline is the part of a module that admission looks at.
type outline struct {
	types     []string // signatures, as signature writes them
	functions []uint32 // type of each function: imported ones first
	imports   []symbol
	exports   []symbol
	memoryMin uint64   // bytes
	manifests [][]byte // custom sections of that name; a good module has one at most
}

// headerBytes is the length of magic and version.
const headerBytes = 8

var errTruncated = errors.New("the file ends in the middle of a section")

// readOutline walks the sections. It checks only what it reads; compiling
// checks the rest.
func readOutline(data []byte) (*outline, error) {
	o := &outline{}
	sections := &reader{data: data[headerBytes:]}
	for len(sections.data) > 0 {
		id := sections.byte()
		body := &reader{data: sections.bytes(sections.u32())}
		if sections.err == nil {
			o.section(id, body)
		}
		if err := errors.Join(sections.err, body.err); err != nil {
			return nil, fmt.Errorf("section %d: %w", id, err)
		}
	}
	return o, nil
}

func (o *outline) section(id byte, r *reader) {
	switch id {
	case sectionCustom:
		if r.name() == abi.ManifestSection {
			o.manifests = append(o.manifests, r.data)
		}
	case sectionType:
		r.each(func() { o.types = append(o.types, r.signature()) })
	case sectionImport:
		r.each(func() { o.readImport(r) })
	case sectionFunction:
		r.each(func() { o.functions = append(o.functions, r.u32()) })
	case sectionMemory:
		r.each(func() { o.memoryMin = r.limits() * pageSize })
	case sectionExport:
		r.each(func() { o.readExport(r) })
	}
}

func (o *outline) readImport(r *reader) {
	s := symbol{module: r.name(), name: r.name(), kind: r.byte()}
	switch s.kind {
	case kindFunc:
		index := r.u32()
		o.functions = append(o.functions, index)
		s.sig = at(o.types, index)
	case kindTable:
		r.byte()
		r.limits()
	case kindMemory:
		r.limits()
	case kindGlobal:
		r.bytes(2)
	default:
		r.fail(fmt.Errorf("import %s.%s is of unknown kind %d", s.module, s.name, s.kind))
	}
	o.imports = append(o.imports, s)
}

func (o *outline) readExport(r *reader) {
	s := symbol{name: r.name(), kind: r.byte()}
	if index := r.u32(); s.kind == kindFunc {
		s.sig = at(o.types, at(o.functions, index))
	}
	o.exports = append(o.exports, s)
}

// at is list[i], and the zero value outside.
func at[T any](list []T, i uint32) (v T) {
	if uint64(i) < uint64(len(list)) {
		v = list[i]
	}
	return v
}

// reader reads the binary format. The first error sticks, and everything after
// it reads as zero.
type reader struct {
	data []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.data = nil
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.data)) {
		r.fail(errTruncated)
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) u64() uint64 {
	v, n := binary.Uvarint(r.data) // LEB128 unsigned is the same encoding
	if n <= 0 {
		r.fail(errTruncated)
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) u32() uint32 {
	v := r.u64()
	if v > 1<<32-1 {
		r.fail(fmt.Errorf("number %d is out of range", v))
		return 0
	}
	return uint32(v)
}

func (r *reader) name() string { return string(bytes.ToValidUTF8(r.bytes(r.u32()), []byte("?"))) }

// each runs read once per element of a vector.
func (r *reader) each(read func()) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		read()
	}
}

// limits reads the limits of a table or memory and returns the minimum.
func (r *reader) limits() uint64 {
	flags := r.byte()
	low := r.u64()
	if flags&1 != 0 {
		r.u64()
	}
	if low > 1<<32 {
		r.fail(fmt.Errorf("a minimum of %d is out of range", low))
		return 0
	}
	return low
}

// signature reads a function type and writes it as "(i32 i32)->(i64)".
func (r *reader) signature() string {
	if form := r.byte(); r.err == nil && form != 0x60 {
		r.fail(fmt.Errorf("type form %#x is of a proposal this host does not run", form))
	}
	return "(" + r.valueTypes() + ")->(" + r.valueTypes() + ")"
}

func (r *reader) valueTypes() string {
	var names []string
	r.each(func() { names = append(names, valueType(r.byte())) })
	return strings.Join(names, " ")
}

func valueType(b byte) string {
	switch b {
	case 0x7f:
		return "i32"
	case 0x7e:
		return "i64"
	case 0x7d:
		return "f32"
	case 0x7c:
		return "f64"
	}
	return fmt.Sprintf("%#x", b)
}
