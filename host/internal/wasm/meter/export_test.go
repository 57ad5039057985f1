package meter

// Exact makes each instruction a region of its own: the fuel is then exactly
// what ran.
func Exact(o Options) Options {
	o.exact = true
	return o
}

// Slack and Unchecked are the bounds that doc.go states.
const (
	Slack     = slack
	Unchecked = unchecked
)

// Known reports whether the tables hold an instruction, what it takes from the
// operand stack and puts on it.
func Known(prefix, op byte) (known bool, pop, push int) {
	o := newOps()
	table := &o.plain
	switch prefix {
	case prefixMisc:
		table = &o.misc
	case prefixVec:
		table = &o.vec
	}
	return table[op].known, int(table[op].pop), int(table[op].push)
}
