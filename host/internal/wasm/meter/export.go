package meter

import (
	"fmt"
	"strings"
)

func (m *module) readExports(r *reader) []byte {
	n := r.count("exports", 3, maxExports)
	m.exports = n
	var out []byte
	for range n {
		at := r.pos
		name := r.name()
		if strings.HasPrefix(name, ReservedPrefix) {
			r.fail(at, "the export %q: names that start with %s are reserved for the host", name, ReservedPrefix)
			break
		}
		out = m.export(r, appendName(out, name))
	}
	return out
}

func (m *module) export(r *reader, out []byte) []byte {
	at := r.pos
	kind := r.byte()
	out = append(out, kind)
	switch kind {
	case kindFunc:
		return appendU32(out, m.reference(r))
	case kindTable:
		m.facts.ExportsTable = true
		return appendU32(out, index(r, "table", len(m.tables)))
	case kindMemory:
		r.only(0, "the memory exported")
		return append(out, 0)
	case kindGlobal:
		return appendU32(out, index(r, "global", len(m.globals)))
	}
	r.fail(at, "export kind %d is unknown, or of a proposal this host does not run", kind)
	return out
}

// exportOurs appends the globals of the meter and, if asked for, those of the
// guest that can change.
func (m *module) exportOurs(out []byte) []byte {
	out = appendExport(out, FuelGlobal, kindGlobal, m.fuelGlobal())
	out = appendExport(out, DepthGlobal, kindGlobal, m.depthGlobal())
	m.exports += 2
	if !m.options.ExportGlobals {
		return out
	}
	for _, g := range m.facts.Globals {
		out = appendExport(out, g.Export, kindGlobal, g.Index)
		m.exports++
	}
	return out
}

func appendExport(out []byte, name string, kind byte, i uint32) []byte {
	return appendU32(append(appendName(out, name), kind), i)
}

// mutableGlobals lists what of the guest's globals can change.
func (m *module) mutableGlobals() []Global {
	var out []Global
	for i, g := range m.globals {
		if g.mutable && !g.imported {
			name := ""
			if m.options.ExportGlobals {
				name = fmt.Sprintf("%s%d", globalPrefix, i)
			}
			out = append(out, Global{Index: uint32(i), Type: g.typ, Export: name})
		}
	}
	return out
}
