package meter

// label is a block, loop or if that is open, or the function itself.
type label struct {
	op      int // opBlock for the function
	base    int // height of the operand stack below the parameters
	params  int
	results int
	dead    bool // the label itself can't be reached
	out     join // where its end is reached from, so far
	els     join // where the else of an if is reached from
}

// edit replaces bytes of a body.
type edit struct {
	start, end int
	kind       editKind
	arg        uint32
}

type editKind byte

const (
	editCall   editKind = iota // call function arg
	editRef                    // ref.func arg
	editReturn                 // branch to label arg, the function
)

// body reads one function and plans what to change. It is used for all
// functions in turn, to keep its memory.
type body struct {
	decoder
	flow    flow
	frame   frame
	index   int // among the functions defined
	code    int // offset of the first instruction
	typ     signature
	labels  []label
	edits   []edit
	dead    bool // the current instruction can't be reached
	calls   bool // the function calls others
	isLight bool
	weight  int64 // of a call, in depth
}

// read plans one function, the i-th that the module defines.
func (b *body) read(m *module, i int) *Error {
	b.decoder = decoder{reader: m.codes[i], m: m, targets: b.targets}
	b.index = i
	f := m.imported + uint32(i)
	b.typ = m.types[m.functions[f]]
	b.edits, b.dead, b.calls = b.edits[:0], false, false
	_, b.isLight = m.spend(f)
	b.frame.reset(len(b.typ.params), len(b.typ.params)+b.readLocals())
	b.code = b.pos
	b.flow.exact = m.options.exact
	b.flow.reset(b.pos)
	b.labels = append(b.labels[:0], label{op: opBlock, results: len(b.typ.results)})
	for len(b.labels) > 0 && len(b.flow.regions) <= maxRegions && b.next() {
		b.instruction()
	}
	switch {
	case b.err != nil:
	case len(b.flow.regions) > maxRegions:
		b.fail(b.end, "a function has %d parts between branches, the host takes up to %d", len(b.flow.regions), maxRegions)
	case len(b.labels) > 0:
		b.fail(b.end, "a function ends within a block")
	case b.more():
		b.fail(b.pos, "a function goes on after its end")
	}
	b.weight = max(b.frame.bytes(), tailWeight*b.flow.check())
	return b.err
}

// tailWeight is the depth that a unit of fuel takes if it may be spent without
// a look at the fuel while the stack unwinds. So all frames together may spend
// no more than the depth divided by it.
const tailWeight = 8

func (b *body) readLocals() int {
	total := 0
	for range b.count("kinds of locals", 2, maxLocals) {
		at := b.pos
		n := b.u32()
		if total += int(min(n, maxLocals+1)); total > maxLocals {
			b.fail(at, "a function has more than %d locals", maxLocals)
			return 0
		}
		valueType(&b.reader)
	}
	return total
}

func (b *body) instruction() {
	in := &b.in
	if in.op>>8 == prefixVec {
		b.frame.wide = true
	}
	if b.checkIndices(); b.err != nil {
		return
	}
	if !b.dead {
		b.flow.block.cost += int64(in.opcode.cost)
		b.pop(int(in.opcode.pop))
	}
	switch in.op {
	case opBlock, opLoop, opIf:
		b.open()
	case opElse:
		b.otherwise()
	case opEnd:
		b.close()
	case opBr, opBrIf, opBrTable, opReturn, opUnreachable:
		b.branch()
	case opCall, opCallIndirect:
		b.call()
	case opRefFunc:
		b.replace(editRef, b.m.shift(in.a))
	case opLocalSet, opLocalTee:
		b.frame.assign(in.a)
	default:
		if b.m.bulk(in.op) {
			b.replace(editCall, b.m.helper(b.data[in.start:in.end], in))
			b.leave(true)
		}
	}
	if !b.dead && in.opcode.push > 0 {
		b.frame.move(0, int(in.opcode.push))
	}
	if b.m.options.exact && !b.dead {
		b.flow.start(in.end, b.flow.end(true))
	}
}

func (b *body) pop(n int) {
	if !b.frame.move(n, 0) {
		b.fail(b.in.start, "an instruction needs %d operands, there are %d", n, b.frame.height)
	}
}

func (b *body) replace(kind editKind, arg uint32) {
	b.edits = append(b.edits, edit{b.in.start, b.in.end, kind, arg})
}

// leave notes that something is called which may take long or come back. It
// may look at the fuel before it does anything.
func (b *body) leave(looks bool) {
	if !b.dead {
		b.flow.block.calls = true
		b.flow.block.looks = b.flow.block.looks || looks
		b.frame.call()
	}
}
