package meter

// helpers are the functions that the rewriter appends: tick, and one for each
// bulk operation of the guest.
type helpers struct {
	byCode map[string]uint32 // the instruction, to the index of its function
	types  []uint32
	bodies [][]byte
	names  []string
}

// chunk is how much of the memory a bulk operation touches between two looks
// at the fuel.
const chunk = 1 << 20

// What a bulk operation pays beside its own price: memory by the 8 bytes,
// tables by the element, growth as if the pages were filled.
const (
	fuelShift = 3
	fuelPage  = 64 << 10 >> fuelShift
)

// bulk reports whether an instruction takes time in proportion to an operand.
func (m *module) bulk(op int) bool {
	switch op {
	case opMemoryGrow, opMemoryInit, opMemoryCopy, opMemoryFill, opTableInit, opTableCopy, opTableGrow, opTableFill:
		return true
	}
	return false
}

// helper is the index of the function that stands for a bulk operation.
func (m *module) helper(code []byte, in *instruction) uint32 {
	if i, ok := m.helpers.byCode[string(code)]; ok {
		return i
	}
	a := &asm{m: m}
	i := uint32(0)
	switch in.op {
	case opMemoryFill:
		i = m.addHelper("memory.fill", threeI32(), a.memoryFill(code))
	case opMemoryCopy:
		i = m.addHelper("memory.copy", threeI32(), a.memoryCopy(code))
	case opMemoryInit:
		i = m.addHelper("memory.init", threeI32(), a.memoryInit(code, m.data[in.a]))
	case opMemoryGrow:
		i = m.addHelper("memory.grow", signature{oneType[typeI32], oneType[typeI32]}, a.grow(code, 1, fuelPage))
	case opTableGrow:
		ref := oneType[m.tables[in.a].typ]
		i = m.addHelper("table.grow", signature{ref + oneType[typeI32], oneType[typeI32]}, a.grow(code, 2, 1))
	case opTableFill:
		i32 := oneType[typeI32]
		i = m.addHelper("table.fill", signature{params: i32 + oneType[m.tables[in.a].typ] + i32}, a.tableBulk(code))
	case opTableInit:
		i = m.addHelper("table.init", threeI32(), a.tableBulk(code))
	case opTableCopy:
		i = m.addHelper("table.copy", threeI32(), a.tableBulk(code))
	}
	m.helpers.byCode[string(code)] = i
	return i
}

func threeI32() signature { return signature{params: "\x7f\x7f\x7f"} }

func (m *module) addHelper(name string, s signature, body []byte) uint32 {
	m.helpers.types = append(m.helpers.types, m.typeOf(s))
	m.helpers.bodies = append(m.helpers.bodies, body)
	m.helpers.names = append(m.helpers.names, name)
	return m.firstHelper() + uint32(len(m.helpers.bodies)-1)
}

// firstHelper is the index of tick, after all functions and the import.
func (m *module) firstHelper() uint32 { return uint32(len(m.functions)) + 1 }

func (m *module) fuelGlobal() uint32 { return uint32(len(m.globals)) }

func (m *module) depthGlobal() uint32 { return uint32(len(m.globals)) + 1 }

// addTick makes tick the first helper. It is what code calls when the slice
// is used up.
func (m *module) addTick() {
	m.helpers.byCode = map[string]uint32{}
	a := &asm{m: m}
	a.noLocals()
	a.op(opGlobalGet, m.fuelGlobal()).op(opGlobalGet, m.depthGlobal())
	a.op(opCall, m.imported).op(opGlobalSet, m.fuelGlobal())
	m.addHelper("tick", signature{}, a.done())
}
