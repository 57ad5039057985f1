//go:build sdks

package conformance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/conformance"
)

// fall is a way to fall over, and what its author is told: which check, what
// happened, and where in the source.
type fall struct{ check, says, where string }

// fallen are the guests of testdata/fallen.
var fallen = map[author.Language]map[string]fall{
	author.Go: {
		"panic": {"answers", "panicked: no more shelves", "main.handle, "},
		"trap":  {"answers", "panicked: assignment to entry in nil map", "main.place, "},
		"exit":  {"answers", "all goroutines are asleep - deadlock!", "main.wait, "},
		"nul":   {"result", `holds \u0000, at /output/shelf/label`, ""},
	},
	author.Rust: {
		"panic": {"answers", "panic: no more shelves", "src/lib.rs:12:"},
		"trap":  {"answers", "the module trapped: unreachable", "fallen::place"},
		"nul":   {"result", "holds a NUL character, at /output/shelf/label", ""},
	},
	author.C: {
		"panic": {"answers", `not true: !lessee_is(what, "panic")`, "handler.c:11"},
		"trap":  {"answers", "integer divide by zero", "place"},
		"nul":   {"result", "holds a NUL character", ""},
	},
	author.AssemblyScript: {
		"panic": {"answers", "panic: no more shelves", "handler.ts:27:"},
		"trap":  {"answers", "integer divide by zero", "handler/"},
		"nul":   {"result", "holds a NUL character", ""},
	},
	author.JavaScript: { // whose exceptions are failures of the handler, worth another attempt
		"panic": {"answers", "no more shelves", "handler.mjs:4"},
		"trap":  {"answers", "TypeError: cannot read property 'books' of null", "handler.mjs:12"},
		"nul":   {"result", `holds a NUL character or half of a surrogate pair at "/shelf/label"`, ""},
	},
}

func TestAFallIsToldInTheSourcesTerms(t *testing.T) {
	wants := map[string]string{
		"answers": "The host wants a result: ",
		"result":  "that Postgres can store",
		"output":  "Answer what schemas.output of the manifest says",
	}
	for language, falls := range fallen {
		t.Run(string(language), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata/fallen", string(language), filepath.Base(sources[language].handler)))
			if err != nil {
				t.Fatal(err)
			}
			schemas := abi.Schemas{Payload: []byte(`true`), Output: []byte(`{"type":"object","properties":{"pages":{"type":"integer"}}}`)}
			module := built(t, language, "fallen", string(text), schemas)
			falls["schema"] = fall{"output", "/pages", ""}
			for do, want := range falls {
				verdict, wanted := conformance.Fail, wants[want.check]
				if language == author.JavaScript && want.check == "answers" {
					verdict, wanted = conformance.Warn, "give a payload that the handler takes"
				}
				got := check(t, module, `{"do":"`+do+`"}`)[want.check]
				if got.Verdict != verdict || !strings.Contains(got.Reason, want.says) || !strings.Contains(got.Reason, wanted) || !strings.Contains(got.Where, want.where) {
					t.Errorf("%s: %s %s, at %q\nwant … %s … %s at %q", do, got.Verdict, got.Reason, got.Where, want.says, wanted, want.where)
				}
			}
		})
	}
}
