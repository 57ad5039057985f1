package meter

// The instructions that the rewriter treats by name.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opI32Load8U    = 0x2d
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Ne        = 0x47
	opI32GtU       = 0x4b
	opI64LtS       = 0x53
	opI64GtU       = 0x56
	opI64GeS       = 0x59
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64Mul       = 0x7e
	opI64Or        = 0x84
	opI64ShrU      = 0x88
	opI64ExtendU   = 0xad
	opRefNull      = 0xd0
	opRefFunc      = 0xd2

	prefixMisc = 0xfc
	prefixVec  = 0xfd

	opMemoryInit = prefixMisc<<8 | 8
	opDataDrop   = prefixMisc<<8 | 9
	opMemoryCopy = prefixMisc<<8 | 10
	opMemoryFill = prefixMisc<<8 | 11
	opTableInit  = prefixMisc<<8 | 12
	opElemDrop   = prefixMisc<<8 | 13
	opTableCopy  = prefixMisc<<8 | 14
	opTableGrow  = prefixMisc<<8 | 15
	opTableSize  = prefixMisc<<8 | 16
	opTableFill  = prefixMisc<<8 | 17
	opV128Const  = prefixVec<<8 | 12
)

// Value types.
const (
	typeI32       = 0x7f
	typeI64       = 0x7e
	typeF32       = 0x7d
	typeF64       = 0x7c
	typeV128      = 0x7b
	typeFuncref   = 0x70
	typeExternref = 0x6f
	typeEmpty     = 0x40 // of a block without results
)

// immediate is what follows an opcode.
type immediate byte

const (
	immNone    immediate = iota
	immBlock             // a block type
	immIndex             // one index
	immPair              // two indices
	immTable             // of br_table
	immMemory            // alignment and offset
	immLane              // a lane
	immMemLane           // alignment, offset, lane
	immZero              // a byte that is zero
	immZeros             // two bytes that are zero
	immSeg               // an index and a zero
	imm32                // signed LEB128
	imm64
	imm4 // bytes as they are
	imm8
	imm16
	immSelect // one value type
	immRef    // a reference type
)

// Costs in fuel. What is not named costs one; block, loop, end, else and nop
// cost nothing, because they are no code. A region must not cost nothing, so a
// branch costs one like any other.
const (
	costPlain    = 1
	costVec      = 2
	costBrTable  = 2
	costCall     = 5
	costIndirect = 10
	costDivide   = 8
	costExit     = 100 // a call that leaves for the host or its runtime
)

// opcode says how an instruction is encoded, what it does to the operand
// stack, and what it costs.
type opcode struct {
	known     bool
	imm       immediate
	pop, push byte
	cost      byte
}

// ops are all instructions by class, then by number.
type ops struct {
	plain, misc, vec [256]opcode
}

type opRange struct {
	from, to  byte
	imm       immediate
	pop, push byte
	cost      byte
}

func fill(table *[256]opcode, ranges []opRange) {
	for _, r := range ranges {
		for i := int(r.from); i <= int(r.to); i++ {
			table[i] = opcode{true, r.imm, r.pop, r.push, r.cost}
		}
	}
}

func newOps() *ops {
	o := &ops{}
	fill(&o.plain, plainRanges())
	fill(&o.misc, miscRanges())
	fill(&o.vec, vecRanges())
	return o
}

// proposal names the proposal that an opcode unknown here belongs to.
func proposal(op byte) string {
	switch {
	case op >= 0x06 && op <= 0x0a, op == 0x18, op == 0x19, op == 0x1f:
		return "exception handling"
	case op == 0x12, op == 0x13:
		return "tail calls"
	case op == 0x14, op == 0x15, op >= 0xd3 && op <= 0xd6:
		return "typed function references"
	case op == 0xfb:
		return "garbage collection"
	case op == 0xfe:
		return "threads"
	}
	return ""
}
