package meter

// open reads block, loop or if.
func (b *body) open() {
	in := &b.in
	if len(b.labels) > maxNesting {
		b.fail(in.start, "more than %d blocks in one another", maxNesting)
		return
	}
	l := label{op: in.op, params: len(in.block.params), results: len(in.block.results), dead: b.dead}
	if !b.dead {
		b.pop(l.params)
		l.base = b.frame.height
		b.frame.move(0, l.params)
		switch in.op {
		case opLoop:
			b.flow.enterLoop(in.end)
		case opIf:
			l.els = b.flow.end(true)
			b.flow.start(in.end, l.els)
		}
	}
	b.labels = append(b.labels, l)
}

func (b *body) otherwise() {
	l := b.top()
	if l.op != opIf {
		b.fail(b.in.start, "an else without an if")
		return
	}
	l.op = opElse
	if l.dead {
		return
	}
	b.fallInto(l)
	b.arrive(l.els, l.base+l.params)
}

func (b *body) close() {
	l := *b.top()
	b.labels = b.labels[:len(b.labels)-1]
	if l.dead {
		return
	}
	joined := l.op != opLoop && (l.out.reached || l.op == opIf || l.op == opElse)
	if l.op == opLoop {
		b.closeLoop()
	}
	if b.dead || joined || len(b.labels) == 0 {
		b.fallInto(&l)
		if l.op == opIf {
			l.out.add(l.els)
		}
		b.arrive(l.out, l.base+l.results)
		return
	}
	b.frame.to(l.base + l.results) // nothing but the code before leads here
}

// closeLoop ends the block, because the region must not leave the loop.
func (b *body) closeLoop() {
	if !b.dead {
		b.flow.start(b.in.end, b.flow.end(false))
	}
	b.flow.loops--
}

// fallInto ends the block before the end or else of a label.
func (b *body) fallInto(l *label) {
	if !b.dead {
		l.out.add(b.flow.end(false))
	}
}

// arrive starts the block after an end or else.
func (b *body) arrive(in join, height int) {
	b.dead = !in.reached
	b.frame.to(height)
	if !b.dead {
		b.flow.start(b.in.end, in)
	}
}

// branch reads whatever leaves a block.
func (b *body) branch() {
	in := &b.in
	if b.dead {
		return
	}
	if in.op == opReturn {
		b.replace(editReturn, uint32(len(b.labels)-1))
	}
	out := b.flow.end(in.op == opBrIf || in.op == opBrTable)
	switch in.op {
	case opBr, opBrIf:
		b.forward(in.a, out)
	case opBrTable:
		for _, t := range b.targets {
			b.forward(t, out)
		}
	}
	if in.op == opBrIf {
		b.flow.start(in.end, out)
		return
	}
	b.dead = true
}

// forward notes a branch, unless it goes back to the head of a loop.
func (b *body) forward(i uint32, from join) {
	if l := &b.labels[len(b.labels)-1-int(i)]; l.op != opLoop {
		l.out.add(from)
	}
}

func (b *body) top() *label { return &b.labels[len(b.labels)-1] }

func (b *body) call() {
	in := &b.in
	if in.op == opCallIndirect {
		b.invoke(in.a, false) // it may be the host's
		b.calls = b.calls || !b.dead
		return
	}
	b.replace(editCall, b.m.shift(in.a))
	spend, light := b.m.spend(in.a)
	host := in.a < b.m.imported
	b.invoke(b.m.functions[in.a], !host && !light)
	switch {
	case b.dead:
	case host:
		b.flow.block.cost += costExit - costCall
	case light:
		b.spend(spend)
	default:
		b.calls = true
	}
}

// invoke moves the operands of a function type. The frame counts what is
// alive in between.
func (b *body) invoke(typ uint32, looks bool) {
	if b.dead {
		return
	}
	s := b.m.types[typ]
	b.pop(len(s.params))
	b.leave(looks)
	b.frame.move(0, len(s.results))
}

// spend notes what a light callee may spend, and has the fuel looked at when
// that adds up.
func (b *body) spend(light int64) {
	b.flow.block.light += light
	if b.flow.block.light > unchecked {
		b.flow.start(b.in.end, b.flow.end(false))
		b.flow.block.head = true
	}
}
