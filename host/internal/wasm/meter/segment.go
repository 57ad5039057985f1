package meter

// constant copies a constant expression to out, with function indices shifted.
func (m *module) constant(r *reader, out []byte) []byte {
	for r.err == nil {
		start := r.pos
		op := r.byte()
		switch op {
		case opI32Const:
			r.signed(32)
		case opI64Const:
			r.signed(64)
		case opF32Const:
			r.bytes(4)
		case opF64Const:
			r.bytes(8)
		case opGlobalGet:
			index(r, "global", len(m.globals))
		case opRefNull:
			refType(r)
		case opRefFunc:
			out = appendU32(append(out, opRefFunc), m.reference(r))
			continue
		case prefixVec:
			r.only(opV128Const&0xff, "the vector instruction of a constant")
			r.bytes(16)
		case opEnd:
			return append(out, opEnd)
		default:
			r.fail(start, "instruction %#x makes no constant", op)
			return out
		}
		out = append(out, r.data[start:r.pos]...)
	}
	return out
}

// Bits of an element segment's kind.
const (
	elementPassive  = 1 // or declarative, with elementExplicit
	elementExplicit = 2 // table index, or declarative
	elementConstant = 4 // expressions rather than function indices
)

func (m *module) readElements(r *reader) []byte {
	m.elements = r.count("element segments", 3, maxSegments)
	out := []byte{}
	for range m.elements {
		at := r.pos
		kind := r.u32()
		if kind > 7 {
			r.fail(at, "element segments of kind %d are unknown", kind)
			break
		}
		out = m.element(r, appendU32(out, kind), kind)
	}
	return out
}

func (m *module) element(r *reader, out []byte, kind uint32) []byte {
	if kind&elementPassive == 0 {
		if kind&elementExplicit != 0 {
			out = appendU32(out, index(r, "table", len(m.tables)))
		}
		out = m.constant(r, out)
	}
	if kind&(elementPassive|elementExplicit) != 0 {
		if kind&elementConstant != 0 {
			out = append(out, refType(r))
		} else {
			r.only(0, "the kind of a segment's elements")
			out = append(out, 0)
		}
	}
	n := r.count("elements", 1, maxElements)
	out = appendU32(out, uint32(n))
	for range n {
		if kind&elementConstant != 0 {
			out = m.constant(r, out)
		} else {
			out = appendU32(out, m.reference(r))
		}
	}
	return out
}

func (m *module) readData(r *reader) []byte {
	n := r.count("data segments", 2, maxSegments)
	start := r.pos
	for range n {
		at := r.pos
		switch kind := r.u32(); kind {
		case 0:
			m.constant(r, nil)
		case 1:
			m.facts.PassiveData++
		case 2:
			r.only(0, "the memory of a data segment")
			m.constant(r, nil)
		default:
			r.fail(at, "data segments of kind %d are unknown", kind)
		}
		size := r.u32()
		r.bytes(uint64(size))
		m.data = append(m.data, size)
	}
	return r.data[start:r.pos:r.pos]
}
