package meter

// readCustom drops every custom section: none means anything to the engine,
// and what refers to code would be wrong afterwards. The names of functions
// are kept for traps.
func (m *module) readCustom(r *reader) []byte {
	if r.name() == "name" && r.err == nil {
		names := *r
		m.readNames(&names)
	}
	if r.err == nil {
		r.pos = r.end
	}
	return nil
}

// subsectionFunctions holds the names of functions.
const subsectionFunctions = 1

// readNames reads as far as it can: a bad name section makes no bad module.
func (m *module) readNames(r *reader) {
	for r.more() {
		id := r.byte()
		part := r.span(r.u32())
		if id != subsectionFunctions {
			continue
		}
		for range part.count("names", 2, maxFunctions) {
			i, name := part.u32(), part.name()
			if part.err != nil {
				return
			}
			m.names[i] = name // shifted when all imports are known, see nameOurs
		}
	}
}
