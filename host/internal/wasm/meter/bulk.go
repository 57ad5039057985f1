package meter

// The helpers for memory.fill, memory.copy and memory.init do the operation in
// chunks, each paid for before it runs. A guest must not see the difference:
// an operation that leaves the memory must trap before it writes anything, so
// the helper first tries the last byte of a long range, which traps in the
// same way. Locals 0, 1 and 2 are the operands, 2 the length.

func (a *asm) memoryFill(code []byte) []byte {
	a.noLocals()
	a.inChunks(func() {
		a.probe(code, 0)
		a.forward(code, 0)
	})
	a.payLength()
	return a.local(0).local(1).local(2).raw(code).done()
}

func (a *asm) memoryInit(code []byte, size uint32) []byte {
	a.noLocals()
	a.inChunks(func() {
		a.probe(code, 0)
		a.within(code, 1, int64(size))
		a.forward(code, 0, 1)
	})
	a.payLength()
	return a.local(0).local(1).local(2).raw(code).done()
}

// memoryCopy copies from the end when the destination lies behind the source,
// because the two may overlap.
func (a *asm) memoryCopy(code []byte) []byte {
	a.noLocals()
	a.inChunks(func() {
		a.probe(code, 0)
		a.probe(code, 1)
		a.local(0).local(1).op(opI32GtU).op(opIf, typeEmpty)
		a.backward(code)
		a.op(opElse)
		a.forward(code, 0, 1)
		a.op(opEnd)
	})
	a.payLength()
	return a.local(0).local(1).local(2).raw(code).done()
}

// inChunks runs body when the length is more than a chunk. Body leaves the
// operands at what remains, a chunk or less.
func (a *asm) inChunks(body func()) {
	a.local(2).i32(chunk).op(opI32GtU).op(opIf, typeEmpty)
	body()
	a.op(opEnd)
}

// within traps, by running the whole operation, if the range that starts at an
// operand ends behind a bound.
func (a *asm) within(code []byte, operand uint32, bound int64) {
	a.local(operand).op(opI64ExtendU).local(2).op(opI64ExtendU).op(opI64Add).i64(bound).op(opI64GtU)
	a.op(opIf, typeEmpty).local(0).local(1).local(2).raw(code).op(opUnreachable).op(opEnd)
}

// probe traps if the range that starts at an operand leaves the memory.
func (a *asm) probe(code []byte, operand uint32) {
	a.within(code, operand, 1<<32)
	a.local(operand).local(2).op(opI32Add).i32(1).op(opI32Sub)
	a.op(opI32Load8U, 0, 0).op(opDrop)
}

// forward runs the operation chunk by chunk, and moves the given operands on.
func (a *asm) forward(code []byte, moving ...uint32) {
	a.op(opLoop, typeEmpty)
	a.payChunk()
	a.local(0).local(1).i32(chunk).raw(code)
	for _, operand := range moving {
		a.local(operand).i32(chunk).op(opI32Add).op(opLocalSet, operand)
	}
	a.local(2).i32(chunk).op(opI32Sub).op(opLocalTee, 2)
	a.i32(chunk).op(opI32GtU).op(opBrIf, 0).op(opEnd)
}

// backward runs a copy chunk by chunk from the end.
func (a *asm) backward(code []byte) {
	a.op(opLoop, typeEmpty)
	a.payChunk()
	a.local(2).i32(chunk).op(opI32Sub).op(opLocalSet, 2)
	a.local(0).local(2).op(opI32Add).local(1).local(2).op(opI32Add).i32(chunk).raw(code)
	a.local(2).i32(chunk).op(opI32GtU).op(opBrIf, 0).op(opEnd)
}

func (a *asm) payChunk() {
	a.charge(chunk >> fuelShift)
	a.check()
}

// payLength pays for what is left of the length.
func (a *asm) payLength() {
	f := a.m.fuelGlobal()
	a.op(opGlobalGet, f).local(2).op(opI64ExtendU).i64(fuelShift).op(opI64ShrU).op(opI64Sub).op(opGlobalSet, f)
	a.check()
}

// tableBulk pays for an operation on tables, which are never so large that it
// would need chunks.
func (a *asm) tableBulk(code []byte) []byte {
	f := a.m.fuelGlobal()
	a.noLocals()
	a.op(opGlobalGet, f).local(2).op(opI64ExtendU).op(opI64Sub).op(opGlobalSet, f)
	a.check()
	return a.local(0).local(1).local(2).raw(code).done()
}

// grow pays after the fact: growing takes no time worth counting, touching
// what was grown does. So a guest that asks for more than it may have is told
// so, and not that its fuel is used up.
func (a *asm) grow(code []byte, params uint32, price int64) []byte {
	f, result := a.m.fuelGlobal(), params
	a.out = append(a.out, 1, 1, typeI32) // one local: the result
	for i := range params {
		a.local(i)
	}
	a.raw(code).op(opLocalTee, result).i32(-1).op(opI32Ne).op(opIf, typeEmpty)
	a.op(opGlobalGet, f).local(params-1).op(opI64ExtendU).i64(price).op(opI64Mul).op(opI64Sub).op(opGlobalSet, f)
	a.check()
	a.op(opEnd)
	return a.local(result).done()
}
