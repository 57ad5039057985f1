package author

import (
	"fmt"
	"slices"
	"strings"
)

// Language is what a plugin is written in.
type Language string

// Languages with an SDK. Any other language that compiles to WASI runs by the
// command contract: see [Project.Build].
const (
	Go             Language = "go"
	Rust           Language = "rust"
	C              Language = "c"
	AssemblyScript Language = "assemblyscript"
	JavaScript     Language = "js"
)

// Languages lists those of WASM modules that this release has an SDK for.
func Languages() []Language { return []Language{Go, Rust, C, AssemblyScript, JavaScript} }

// ParseLanguage reads a language as a person writes it.
func ParseLanguage(text string) (Language, error) {
	names := make([]string, 0, len(Languages()))
	for _, l := range slices.Concat(Languages(), NativeLanguages()) {
		if text == string(l) {
			return l, nil
		}
		names = append(names, string(l))
	}
	return "", fmt.Errorf("there is no SDK for %q: the languages are %s. Any other one that compiles to WASI reads the envelope from stdin and writes the result to stdout", text, strings.Join(names, ", "))
}
