package meter

// Rewrite returns a module that does the same as the given one, pays for it,
// and is stopped by the host. The error is an *[Error].
func Rewrite(binary []byte, options Options) (Result, error) {
	m, err := parse(binary, options.withDefaults())
	if err != nil {
		return Result{}, err
	}
	m.facts.Globals = m.mutableGlobals()
	m.addTick()
	tick := m.typeOf(signature{"\x7e\x7e", "\x7e"})
	code, err := m.code()
	if err != nil {
		return Result{}, err
	}
	m.body[sectionCode] = code
	return Result{Module: m.encode(tick, len(binary)), Names: m.allNames(), Facts: m.facts, Stats: m.stats}, nil
}

// code rewrites all functions, and appends the helpers.
func (m *module) code() ([]byte, *Error) {
	var out []byte
	b := &body{}
	for i := range m.codes {
		if err := b.read(m, i); err != nil {
			return nil, err
		}
		out = b.emit(out)
		m.stats.Functions++
		if b.isLight {
			m.stats.Light++
		}
	}
	for _, body := range m.helpers.bodies {
		out = appendSized(out, body)
	}
	return out, nil
}

// encode writes the sections, ours appended to each.
func (m *module) encode(tick uint32, size int) []byte {
	m.body[sectionImport] = appendU32(append(appendName(appendName(m.body[sectionImport], ImportModule), ImportTick), kindFunc), tick)
	for _, t := range m.helpers.types {
		m.body[sectionFunction] = appendU32(m.body[sectionFunction], t)
	}
	m.body[sectionGlobal] = m.encodeGlobals(m.body[sectionGlobal])
	m.body[sectionExport] = m.exportOurs(m.body[sectionExport])
	counts := m.counts()
	out := append(make([]byte, 0, size+size/2), header...)
	for _, id := range sectionOrder() {
		if m.body[id] == nil {
			continue
		}
		out = append(out, id)
		if n := counts[id]; n >= 0 {
			count := appendU32(nil, uint32(n))
			out = appendU32(out, uint32(len(count)+len(m.body[id])))
			out = append(append(out, count...), m.body[id]...)
			continue
		}
		out = appendSized(out, m.body[id])
	}
	return out
}

// counts are the lengths of the sections' vectors, or -1 for what is none.
func (m *module) counts() [sections]int {
	helpers := len(m.helpers.bodies)
	return [sections]int{
		sectionType: len(m.types), sectionImport: m.imports + 1, sectionFunction: len(m.codes) + helpers,
		sectionTable: m.tablesDefined, sectionMemory: m.memories, sectionGlobal: m.globalsDefined + 2,
		sectionExport: m.exports, sectionStart: -1, sectionElement: m.elements, sectionDataCount: -1,
		sectionCode: len(m.codes) + helpers, sectionData: len(m.data),
	}
}

// encodeGlobals appends fuel and depth. There is no fuel until the host gives
// some, so nothing runs without the host.
func (m *module) encodeGlobals(out []byte) []byte {
	out = append(out, typeI64, 1, opI64Const, 0, opEnd)
	out = append(out, typeI64, 1, opI64Const)
	return append(appendSigned(out, m.options.Depth), opEnd)
}

// allNames are the names of the guest's functions, and of ours.
func (m *module) allNames() map[uint32]string {
	out := make(map[uint32]string, len(m.names)+len(m.helpers.names))
	for i, name := range m.names {
		if int(i) < len(m.functions) {
			out[m.shift(i)] = name
		}
	}
	for i, name := range m.helpers.names {
		out[m.firstHelper()+uint32(i)] = ReservedPrefix + name
	}
	return out
}
