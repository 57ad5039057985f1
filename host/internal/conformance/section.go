package conformance

import "encoding/binary"

const (
	headerBytes          = 8 // magic and version
	sectionCustom        = 0
	subsectionOfNames    = 1 // of the section name: names of functions
	sectionOfThisPackage = "lessee.check"
)

// customSections are those of a module by their names, as far as they can be read.
func customSections(module []byte) map[string][]byte {
	out := map[string][]byte{}
	rest := module[min(headerBytes, len(module)):]
	for len(rest) > 1 {
		id := rest[0]
		body, after, ok := sized(rest[1:])
		if !ok {
			break
		}
		rest = after
		if id != sectionCustom {
			continue
		}
		if name, data, ok := sized(body); ok {
			out[string(name)] = data
		}
	}
	return out
}

// hasFunctionNames reads the section name.
func hasFunctionNames(section []byte) bool {
	for len(section) > 1 {
		id := section[0]
		body, after, ok := sized(section[1:])
		if !ok {
			return false
		}
		if id == subsectionOfNames {
			count, _ := binary.Uvarint(body)
			return count > 0
		}
		section = after
	}
	return false
}

// sized splits off what its length precedes.
func sized(data []byte) (body, rest []byte, ok bool) {
	n, width := binary.Uvarint(data)
	if width <= 0 || n > uint64(len(data)-width) {
		return nil, nil, false
	}
	data = data[width:]
	return data[:n], data[n:], true
}

// withSection is the module with one more custom section, which changes its
// digest and nothing of what it does.
func withSection(module []byte) []byte {
	name := append([]byte{byte(len(sectionOfThisPackage))}, sectionOfThisPackage...)
	out := append([]byte(nil), module...)
	out = binary.AppendUvarint(append(out, sectionCustom), uint64(len(name)))
	return append(out, name...)
}
