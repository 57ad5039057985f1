package meter

// The bodies of sections are kept without the count in front, which changes.

func (m *module) readTypes(r *reader) []byte {
	n := r.count("types", 3, maxTypes)
	start := r.pos
	for range n {
		r.only(0x60, "the form of a type (of a proposal this host does not run)")
		m.addType(signature{m.readValueTypes(r), m.readValueTypes(r)})
	}
	return r.data[start:r.pos:r.pos]
}

func (m *module) readValueTypes(r *reader) string {
	n := r.count("values", 1, maxValues)
	start := r.pos
	for range n {
		valueType(r)
	}
	return string(r.data[start:r.pos])
}

func valueType(r *reader) byte {
	at := r.pos
	t := r.byte()
	switch t {
	case typeI32, typeI64, typeF32, typeF64, typeV128, typeFuncref, typeExternref:
	default:
		r.fail(at, "value type %#x is unknown, or of a proposal this host does not run", t)
	}
	return t
}

func refType(r *reader) byte {
	at := r.pos
	t := r.byte()
	if t != typeFuncref && t != typeExternref {
		r.fail(at, "reference type %#x is unknown, or of a proposal this host does not run", t)
	}
	return t
}

func (m *module) readImports(r *reader) []byte {
	n := r.count("imports", 4, maxImports)
	m.imports = n
	start := r.pos
	for range n {
		m.readImport(r)
	}
	return r.data[start:r.pos:r.pos]
}

func (m *module) readImport(r *reader) {
	at := r.pos
	from := r.name()
	r.name()
	if from == ImportModule {
		r.fail(at, "imports of %s are reserved for the host", ImportModule)
		return
	}
	at = r.pos
	switch kind := r.byte(); kind {
	case kindFunc:
		m.functions = append(m.functions, index(r, "type", len(m.types)))
		m.imported++
	case kindTable:
		m.tables = append(m.tables, readTable(r))
		m.facts.ImportsTable = true
	case kindMemory:
		readLimits(r)
		m.hasMemory = true
		m.facts.ImportsMemory = true
	case kindGlobal:
		m.addGlobal(r, true)
		m.facts.ImportsGlobal = true
	default:
		r.fail(at, "import kind %d is unknown, or of a proposal this host does not run", kind)
	}
}

func (m *module) readFunctions(r *reader) []byte {
	n := r.count("functions", 1, maxFunctions)
	start := r.pos
	for range n {
		m.functions = append(m.functions, index(r, "type", len(m.types)))
	}
	return r.data[start:r.pos:r.pos]
}

func (m *module) readMemories(r *reader) []byte {
	m.memories = r.count("memories", 2, 1)
	start := r.pos
	for range m.memories {
		readLimits(r)
		m.hasMemory = true
	}
	return r.data[start:r.pos:r.pos]
}

// readLimits reads a minimum and, if there is one, a maximum.
func readLimits(r *reader) (low, high uint32) {
	at := r.pos
	flags := r.byte()
	if flags > 1 {
		r.fail(at, "limits of kind %#x are unknown, or of a proposal this host does not run", flags)
		return 0, 0
	}
	low, high = r.u32(), 1<<32-1
	if flags == 1 {
		high = r.u32()
	}
	return low, high
}

func readTable(r *reader) table {
	t := table{typ: refType(r)}
	t.min, t.max = readLimits(r)
	return t
}

// readTables writes each table with a maximum that the host can bear.
func (m *module) readTables(r *reader) []byte {
	out := []byte{}
	m.tablesDefined = r.count("tables", 3, maxTables)
	for range m.tablesDefined {
		at := r.pos
		t := readTable(r)
		if t.min > m.options.MaxTable {
			r.fail(at, "a table starts with %d elements, the host takes up to %d", t.min, m.options.MaxTable)
		}
		m.tables = append(m.tables, t)
		out = append(out, t.typ, 1)
		out = appendU32(appendU32(out, t.min), min(t.max, m.options.MaxTable))
	}
	return out
}

func (m *module) readGlobals(r *reader) []byte {
	m.globalsDefined = r.count("globals", 4, maxGlobals)
	out := []byte{}
	for range m.globalsDefined {
		start := r.pos
		m.addGlobal(r, false)
		out = append(out, r.data[start:r.pos]...)
		out = m.constant(r, out)
	}
	return out
}

func (m *module) addGlobal(r *reader, imported bool) {
	g := global{typ: valueType(r), imported: imported}
	at := r.pos
	mutable := r.byte()
	if mutable > 1 {
		r.fail(at, "mutability %d is unknown", mutable)
	}
	g.mutable = mutable == 1
	m.globals = append(m.globals, g)
}

func (m *module) readStart(r *reader) []byte {
	m.facts.HasStart = true
	return appendU32(nil, m.reference(r))
}

func (m *module) readDataCount(r *reader) []byte {
	start := r.pos
	m.dataCount = int(r.u32())
	return r.data[start:r.pos:r.pos]
}

func (m *module) readCodes(r *reader) []byte {
	for range r.count("functions", 2, maxFunctions) {
		at := r.pos
		size := r.u32()
		if size > maxBody {
			r.fail(at, "a function has %d bytes, the host takes up to %d", size, maxBody)
		}
		m.codes = append(m.codes, r.span(size))
	}
	return nil
}
