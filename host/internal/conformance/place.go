package conformance

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// inSource is a file of a language's source, and a line of it.
var inSource = regexp.MustCompile(`[\w./@-]*\w\.(?:go|rs|c|h|cc|cpp|ts|mjs|js|zig|py)(?::\d+(?::\d+)?|\(\d+(?:,\d+)?\))`)

// place is where in the author's source a failure arose, as far as it tells: a
// file and a line from its words, else the innermost function that is neither
// the language's own nor the SDK's.
func place(e *abi.Error) string {
	if e == nil {
		return ""
	}
	var detail struct{ Stack, Stderr string }
	_ = json.Unmarshal(e.Detail, &detail) // an author's own detail has neither
	if at := inSource.FindString(e.Message); at != "" {
		return at
	}
	for _, stack := range []string{detail.Stack, detail.Stderr} {
		if at := goFrame(stack); at != "" {
			return at
		}
		if at := inSource.FindString(stack); at != "" && !strings.Contains(stack, "goroutine ") {
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

// authorOfGo are the beginnings of an author's functions: of package main, or of
// a module that is named by a host. Those of the SDK are none.
var (
	authorOfGo = regexp.MustCompile(`^(main\.|[\w-]+\.[\w.-]+/)`)
	sdkOfGo    = regexp.MustCompile(`^github\.com/lessee-run/lessee/(sdk|abi)[./]`)
)

// goFrame is the innermost frame of a Go stack that is the author's: function and line.
func goFrame(stack string) string {
	lines := strings.Split(stack, "\n")
	for i := 0; i+1 < len(lines); i++ {
		where, isPlace := strings.CutPrefix(lines[i+1], "\t")
		if !isPlace || !authorOfGo.MatchString(lines[i]) || sdkOfGo.MatchString(lines[i]) {
			continue
		}
		if line := inSource.FindString(where); line != "" {
			return before(lines[i], "(") + ", " + line
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

// before is s up to the last separator: a method's receiver stands in
// parentheses, as its arguments do.
func before(s, separator string) string {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i]
	}
	return s
}
