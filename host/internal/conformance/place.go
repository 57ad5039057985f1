package conformance

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// inSource is a file of a language's source, and a line of it.
var inSource = regexp.MustCompile(`[\w./@-]*\w\.(?:go|rs|c|h|cc|cpp|ts|mjs|js|zig)(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\))`)

// place is where in the author's source a failure arose, as far as it tells: a
// file and a line from its words, else the innermost function that is neither
// the language's own nor the SDK's.
func place(e *abi.Error) string {
	var detail struct{ Stack, Stderr string }
	_ = json.Unmarshal(e.Detail, &detail) // an author's own detail has neither
	if at := inSource.FindString(e.Message); at != "" {
		return at
	}
	for _, stack := range []string{detail.Stack, detail.Stderr} {
		if at := goFrame(stack); at != "" {
			return at
		}
		if at := inSource.FindString(stack); at != "" {
			return at
		}
	}
	return wasmFrame(detail.Stack)
}

// placeIn is place for an error that may hold one of a guest.
func placeIn(err error) string {
	e := (*abi.Error)(nil)
	if errors.As(err, &e) {
		return place(e)
	}
	return ""
}

// ownOfGo are the beginnings of functions that are no author's.
var ownOfGo = regexp.MustCompile(`^(panic\(|runtime|internal/|reflect\.|encoding/|created by |goroutine |github\.com/lessee-run/lessee/(sdk|abi)\.)`)

// goFrame is the innermost frame of a Go stack that is the author's: function and line.
func goFrame(stack string) string {
	lines := strings.Split(stack, "\n")
	for i := 0; i+1 < len(lines); i++ {
		where, isPlace := strings.CutPrefix(lines[i+1], "\t")
		if !isPlace || strings.HasPrefix(lines[i], "\t") || ownOfGo.MatchString(lines[i]) {
			continue
		}
		if line := inSource.FindString(where); line != "" {
			function, _, _ := strings.Cut(lines[i], "(")
			return function + ", " + line
		}
	}
	return ""
}

// ownOfOthers are functions of languages, of their libraries and of the SDKs.
var ownOfOthers = regexp.MustCompile(`^(\$|_|lessee_|abort|panic|rust_|std::|core::|alloc::|lessee::|~lib/)`)

// wasmFrame is the innermost frame of the engine's stack that is the author's.
func wasmFrame(stack string) string {
	for _, line := range strings.Split(stack, "\n") {
		function, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "."), "(")
		if ok && function != "" && !ownOfOthers.MatchString(function) {
			return function
		}
	}
	return ""
}
