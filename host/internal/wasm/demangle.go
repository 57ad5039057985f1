package wasm

import (
	"strconv"
	"strings"
)

// demangled is the name of a function as its author wrote it, where a compiler
// of Rust made more of it: _ZN4core9panicking9panic_fmt17h768731f43edd91bfE is
// core::panicking::panic_fmt. Other names stay as they are.
// Source: https://doc.rust-lang.org/rustc/symbol-mangling/index.html (legacy)
func demangled(name string) string {
	rest, ok := strings.CutPrefix(name, "_ZN")
	if !ok {
		return name
	}
	var parts []string
	for rest != "E" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 {
			return name
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || n > len(rest)-digits {
			return name
		}
		part := rest[digits : digits+n]
		if strings.HasPrefix(part, "_$") { // a name can't begin with $
			part = part[1:]
		}
		parts = append(parts, part)
		rest = rest[digits+n:]
	}
	if last := len(parts) - 1; last > 0 && len(parts[last]) == 17 && parts[last][0] == 'h' { // a hash
		parts = parts[:last]
	}
	return rustSymbols.Replace(strings.Join(parts, "::"))
}

// rustSymbols are characters that names of linkers can't have.
var rustSymbols = strings.NewReplacer("$LT$", "<", "$GT$", ">", "$LP$", "(", "$RP$", ")", "$C$", ",", "$RF$", "&", "$BP$", "*", "$SP$", "@",
	"$u20$", " ", "$u27$", "'", "$u5b$", "[", "$u5d$", "]", "$u7b$", "{", "$u7d$", "}", "..", "::")
