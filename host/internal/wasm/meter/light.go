package meter

// lightness knows which functions are light: without a loop, an indirect call
// or a bulk operation, and calling only light functions, so that all they can
// do costs no more than unchecked. A light function pays for what it does but
// never looks at the fuel nor counts call depth: its caller answers for it. So
// all callers must be known, and no reference to it may exist.
type lightness struct {
	spend []int64         // by function defined: what it may spend, or one of the below
	never map[uint32]bool // what is exported, or referred to
	depth int             // of calls that are being followed
}

const (
	lightUnknown = 0
	lightNever   = -1
	lightPending = -2 // being looked at: a cycle comes back to it
)

// maxLightDepth is more than a chain of light calls can be long, as each costs.
const maxLightDepth = unchecked/costCall + 2

// maxLightBody is the longest body that can be light: an instruction takes at
// most 20 bytes or so, but those that take many are rare.
const maxLightBody = 1_500

// spend is what the function at index i (of the original) may spend, if light.
func (m *module) spend(i uint32) (int64, bool) {
	if i < m.imported || m.light.never[i] {
		return 0, false
	}
	if m.light.spend == nil {
		m.light.spend = make([]int64, len(m.codes))
	}
	known := &m.light.spend[i-m.imported]
	if *known == lightUnknown && m.light.depth < maxLightDepth {
		*known = lightPending
		m.light.depth++
		*known = m.measure(m.codes[i-m.imported])
		m.light.depth--
	}
	return *known, *known > 0
}

// measure adds up all instructions of a body. Errors are left to the rewriter,
// which reads every body again.
func (m *module) measure(body reader) int64 {
	if body.end-body.pos > maxLightBody {
		return lightNever
	}
	d := &decoder{reader: body, m: m}
	for range d.count("locals", 2, maxLocals) {
		d.u32()
		d.byte()
	}
	total := int64(1) // never 0, which means unknown
	for d.next() && total <= unchecked {
		cost, ok := m.lightCost(&d.in)
		if !ok {
			return lightNever
		}
		total += cost
	}
	if d.err != nil || total > unchecked {
		return lightNever
	}
	return total
}

func (m *module) lightCost(in *instruction) (int64, bool) {
	cost := int64(in.opcode.cost)
	switch {
	case in.op == opLoop, in.op == opCallIndirect, in.opcode.cost == costExit, m.bulk(in.op):
		return 0, false
	case in.op == opCall:
		if uint64(in.a) >= uint64(len(m.functions)) {
			return 0, false
		}
		more, ok := m.spend(in.a)
		return cost + more, ok
	}
	return cost, true
}
