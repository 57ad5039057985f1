package meter

// asm writes code.
type asm struct {
	m   *module
	out []byte
}

func (a *asm) noLocals() { a.out = append(a.out, 0) }

func (a *asm) done() []byte { return append(a.out, opEnd) }

// op writes an instruction with its indices.
func (a *asm) op(op byte, indices ...uint32) *asm {
	a.out = append(a.out, op)
	for _, i := range indices {
		a.out = appendU32(a.out, i)
	}
	return a
}

func (a *asm) i32(v int32) *asm {
	a.out = appendSigned(append(a.out, opI32Const), int64(v))
	return a
}

func (a *asm) i64(v int64) *asm {
	a.out = appendSigned(append(a.out, opI64Const), v)
	return a
}

func (a *asm) raw(code []byte) *asm {
	a.out = append(a.out, code...)
	return a
}

func (a *asm) local(i uint32) *asm { return a.op(opLocalGet, i) }

// charge takes fuel.
func (a *asm) charge(cost int64) {
	f := a.m.fuelGlobal()
	a.op(opGlobalGet, f).i64(cost).op(opI64Sub).op(opGlobalSet, f)
}

// check calls tick when the fuel went below zero.
func (a *asm) check() {
	a.op(opGlobalGet, a.m.fuelGlobal())
	a.tickIfNegative()
}

// checkBoth calls tick when the fuel or the depth went below zero.
func (a *asm) checkBoth() {
	a.op(opGlobalGet, a.m.fuelGlobal()).op(opGlobalGet, a.m.depthGlobal()).op(opI64Or)
	a.tickIfNegative()
}

// tickIfNegative has the call in the else, and an empty then, because the
// engine's allocator keeps in registers after the end what was in registers at
// the end of the first way there. The other way round, every value that is
// alive would be loaded from the stack at each check.
func (a *asm) tickIfNegative() {
	a.i64(0).op(opI64GeS).op(opIf, typeEmpty).op(opElse)
	a.op(opCall, a.m.firstHelper()).op(opEnd)
}

// enter takes a frame off the depth.
func (a *asm) enter(bytes int64) {
	d := a.m.depthGlobal()
	a.op(opGlobalGet, d).i64(bytes).op(opI64Sub).op(opGlobalSet, d)
}

// leave gives it back.
func (a *asm) leave(bytes int64) {
	d := a.m.depthGlobal()
	a.op(opGlobalGet, d).i64(bytes).op(opI64Add).op(opGlobalSet, d)
}

// checkDepth calls tick when the depth went below zero, from where it never
// comes back.
func (a *asm) checkDepth() {
	a.op(opGlobalGet, a.m.depthGlobal()).i64(0).op(opI64LtS).op(opIf, typeEmpty)
	a.op(opCall, a.m.firstHelper()).op(opUnreachable).op(opEnd)
}
