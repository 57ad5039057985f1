package meter

// instruction is one instruction of a body.
type instruction struct {
	op         int // with its prefix in the second byte
	start, end int // offsets in the module
	a, b       uint32
	block      signature // of block, loop and if
	opcode     *opcode
}

// decoder walks the instructions of one function.
type decoder struct {
	reader
	m       *module
	in      instruction
	targets []uint32 // of a br_table, the default last
}

// next decodes the next instruction, strictly: an encoding that the engine
// might read in another way than this decoder is refused.
func (d *decoder) next() bool {
	if !d.more() {
		return false
	}
	in := &d.in
	in.start, in.a, in.b = d.pos, 0, 0
	first := d.byte()
	in.op, in.opcode = int(first), &d.m.ops.plain[first]
	if first == prefixMisc || first == prefixVec {
		d.prefixed(first)
	}
	if !in.opcode.known {
		d.unknown(first)
		return false
	}
	if in.opcode.imm != immNone {
		d.immediate()
	}
	in.end = d.pos
	return d.err == nil
}

// prefixed reads the rest of an opcode in its shortest form. wazero reads one
// byte of a vector opcode whatever its length: the second byte of those from
// 0x80 on is 1, which it takes for a nop.
func (d *decoder) prefixed(prefix byte) {
	table := &d.m.ops.misc
	if prefix == prefixVec {
		table = &d.m.ops.vec
	}
	low := d.byte()
	if low >= 0x80 {
		d.only(1, "the second byte of an instruction's number")
	}
	d.in.op, d.in.opcode = int(prefix)<<8|int(low), &table[low]
}

func (d *decoder) unknown(first byte) {
	if name := proposal(first); name != "" {
		d.fail(d.in.start, "instruction %#x belongs to the proposal %q, which this host does not run", first, name)
		return
	}
	d.fail(d.in.start, "instruction %#x is unknown", d.in.op)
}

func (d *decoder) immediate() {
	in := &d.in
	switch in.opcode.imm {
	case immIndex:
		in.a = d.u32()
	case immPair:
		in.a, in.b = d.u32(), d.u32()
	case immSeg:
		in.a = d.u32()
		d.only(0, "the memory of an instruction")
	case immMemory:
		d.memory()
	case immMemLane:
		d.memory()
		d.byte()
	case immLane:
		d.byte()
	case immZero:
		d.only(0, "the memory of an instruction")
	case immZeros:
		d.only(0, "the memory of an instruction")
		d.only(0, "the memory of an instruction")
	case imm32:
		d.signed(32)
	case imm64:
		d.signed(64)
	case imm4:
		d.bytes(4)
	case imm8:
		d.bytes(8)
	case imm16:
		d.bytes(16)
	case immBlock:
		in.block = d.blockType()
	case immTable:
		d.readTargets()
	case immSelect:
		d.only(1, "the number of a select's types")
		valueType(&d.reader)
	case immRef:
		refType(&d.reader)
	}
}

func (d *decoder) memory() {
	at := d.pos
	if align := d.u32(); align >= 32 {
		d.fail(at, "an alignment of 2^%d", align)
	}
	d.u32()
	if !d.m.hasMemory {
		d.fail(at, "there is no memory")
	}
}

func (d *decoder) blockType() signature {
	at := d.pos
	t := d.signed(33)
	if t >= 0 {
		if t >= int64(len(d.m.types)) {
			d.fail(at, "there is no type %d", t)
			return signature{}
		}
		return d.m.types[t]
	}
	switch b := byte(t & 0x7f); {
	case t < -64:
	case b == typeEmpty:
		return signature{}
	case b >= typeV128 || b == typeFuncref || b == typeExternref:
		return signature{results: oneType[b]}
	}
	d.fail(at, "block type %d is unknown, or of a proposal this host does not run", t)
	return signature{}
}

// oneType holds the strings of one value type, so that none is made anew.
var oneType = map[byte]string{
	typeI32: "\x7f", typeI64: "\x7e", typeF32: "\x7d", typeF64: "\x7c",
	typeV128: "\x7b", typeFuncref: "\x70", typeExternref: "\x6f",
}

func (d *decoder) readTargets() {
	d.targets = d.targets[:0]
	for range d.count("branch targets", 1, maxBody) {
		d.targets = append(d.targets, d.u32())
	}
	d.targets = append(d.targets, d.u32())
}
