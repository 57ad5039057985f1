package meter

// checkIndices holds every index of the instruction below what the guest
// defined, in code that can't be reached too. So no guest can name what the
// rewriter appends: its globals least of all.
func (b *body) checkIndices() {
	in, m := &b.in, b.m
	switch in.op {
	case opLocalGet, opLocalSet, opLocalTee:
		b.below("local", in.a, b.frame.locals)
	case opGlobalGet, opGlobalSet:
		b.below("global", in.a, len(m.globals))
	case opCall, opRefFunc:
		b.below("function", in.a, len(m.functions))
	case opCallIndirect:
		b.below("type", in.a, len(m.types))
		b.below("table", in.b, len(m.tables))
	case opBr, opBrIf:
		b.below("label", in.a, len(b.labels))
	case opBrTable:
		for _, t := range b.targets {
			b.below("label", t, len(b.labels))
		}
	default:
		b.checkRest()
	}
}

// checkRest does it for the instructions that are rare.
func (b *body) checkRest() {
	in, m := &b.in, b.m
	switch in.op {
	case opTableGet, opTableSet, opTableSize, opTableGrow, opTableFill:
		b.below("table", in.a, len(m.tables))
	case opTableCopy:
		b.below("table", in.a, len(m.tables))
		b.below("table", in.b, len(m.tables))
	case opTableInit:
		b.below("element segment", in.a, m.elements)
		b.below("table", in.b, len(m.tables))
	case opElemDrop:
		b.below("element segment", in.a, m.elements)
	case opMemoryInit, opDataDrop:
		b.below("data segment", in.a, len(m.data))
	}
	if !m.hasMemory && (in.op == opMemoryGrow || in.op == opMemoryInit || in.op == opMemoryCopy || in.op == opMemoryFill) {
		b.fail(in.start, "there is no memory")
	}
	m.facts.note(in.op)
}

// below must not let the instruction do anything once an index is wrong.
func (b *body) below(what string, i uint32, bound int) {
	if uint64(i) >= uint64(bound) {
		b.fail(b.in.start, "there is no %s %d", what, i)
	}
}
