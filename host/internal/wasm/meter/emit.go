package meter

// emit writes the function that was read, with its size in front.
func (b *body) emit(out []byte) []byte {
	a := &asm{m: b.m, out: append(b.m.scratch[:0], b.data[b.m.codes[b.index].pos:b.code]...)}
	counted := b.calls && !b.isLight
	if counted {
		a.enter(b.weight)
	}
	b.entry(a, counted)
	if counted {
		a.raw(b.blockOfResults())
	}
	b.copyCode(a, counted)
	if counted {
		a.op(opEnd)
		a.leave(b.weight)
	}
	a.op(opEnd)
	b.m.scratch = a.out
	return appendSized(out, a.out)
}

// entry writes the head of the region that starts with the function, if there
// is one, and the check of the depth.
func (b *body) entry(a *asm, counted bool) {
	checked := false
	if len(b.flow.regions) > 0 && b.flow.regions[0].at == b.code {
		r := &b.flow.regions[0]
		if r.cost > 0 {
			a.charge(r.cost)
		}
		checked = r.checked && !b.isLight
		b.m.stats.region(r, checked)
	}
	switch {
	case counted && checked:
		a.checkBoth()
	case counted:
		a.checkDepth()
	case checked:
		a.check()
	}
}

// blockOfResults opens the block around a function whose depth is counted.
// What branches to the function leads to the end of that block, where the
// frame is given back.
func (b *body) blockOfResults() []byte {
	switch len(b.typ.results) {
	case 0:
		return []byte{opBlock, typeEmpty}
	case 1:
		return []byte{opBlock, b.typ.results[0]}
	}
	return appendSigned([]byte{opBlock}, int64(b.m.typeOf(signature{results: b.typ.results})))
}

// copyCode copies the instructions up to the function's end, with the heads of
// regions put in and edits made.
func (b *body) copyCode(a *asm, counted bool) {
	from, regions := b.code, b.flow.regions
	if len(regions) > 0 && regions[0].at == b.code {
		regions = regions[1:]
	}
	edits := b.edits
	for len(regions) > 0 || len(edits) > 0 {
		if len(edits) == 0 || (len(regions) > 0 && regions[0].at <= edits[0].start) {
			a.raw(b.data[from:regions[0].at])
			from = regions[0].at
			b.head(a, &regions[0])
			regions = regions[1:]
			continue
		}
		e := edits[0]
		edits = edits[1:]
		if e.kind == editReturn && !counted {
			continue
		}
		a.raw(b.data[from:e.start])
		from = e.end
		a.op([...]byte{editCall: opCall, editRef: opRefFunc, editReturn: opBr}[e.kind], e.arg)
	}
	a.raw(b.data[from : b.end-1])
}

// head writes what is paid at the head of a region.
func (b *body) head(a *asm, r *region) {
	if r.cost > 0 {
		a.charge(r.cost)
	}
	checked := r.checked && !b.isLight
	if checked {
		a.check()
	}
	b.m.stats.region(r, checked)
}
