package conformance_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/conformance"
)

// wrong says of each guest in testdata/wrong which check finds it, and in what words.
var wrong = map[string]struct {
	check   string
	verdict conformance.Verdict
	says    string // what is wrong, and what is wanted
	where   string
}{
	"forgotten-export":    {"admission", conformance.Fail, "does not export lessee_alloc", ""},
	"wrong-signature":     {"admission", conformance.Fail, "exports lessee_execute as function (i32)->(i64), want function (i32 i32)->(i64)", ""},
	"other-abi":           {"admission", conformance.Fail, "speaks ABI v2, this host v1: build it with the SDK of the host's release", ""},
	"unknown-import":      {"admission", conformance.Fail, "imports lessee_v1.teleport, which this host does not have", ""},
	"foreign-import":      {"admission", conformance.Fail, "imports env.abort: only functions of wasi_snapshot_preview1 and lessee_v1", ""},
	"endless-start":       {"admission", conformance.Fail, "do less when it starts", ""},
	"broken-manifest":     {"admission", conformance.Fail, `unknown field "want"`, ""},
	"component":           {"admission", conformance.Fail, "a component (WASI 0.2 or later)", ""},
	"unsupported-schema":  {"schemas", conformance.Fail, `schemas.payload: keyword "typ" is not supported`, ""},
	"no-manifest":         {"manifest", conformance.Warn, "no manifest: nobody sees what it wants", ""},
	"no-names":            {"names", conformance.Warn, "the stack of a trap shows numbers", ""},
	"debug-information":   {"size", conformance.Warn, "debug information, which no host reads: strip it", ""},
	"http-not-wanted":     {"http", conformance.Warn, `"wants": {"http": true}`, ""},
	"http-not-used":       {"http", conformance.Warn, "an operator has to grant hosts for nothing", ""},
	"changes-tables":      {"start", conformance.Warn, "it changes its tables", ""},
	"forgotten-buildmode": {"start", conformance.Warn, "-buildmode=c-shared was forgotten", ""},
	"exits":               {"answers", conformance.Fail, "exited with code 3", ""},
	"traps":               {"answers", conformance.Fail, "integer divide by zero", "share_out"},
	"pointer-outside":     {"result", conformance.Fail, "lies outside the guest's 2621440 bytes of memory", ""},
	"not-json":            {"result", conformance.Fail, "not the JSON of ABI v1", ""},
	"nul-text":            {"result", conformance.Fail, `a string holds \u0000, at /output/title`, ""},
	"two-values":          {"result", conformance.Fail, "return exactly one JSON object", ""},
	"unknown-status":      {"result", conformance.Fail, `status "done" is unknown: one of ok, retry, fail, park`, ""},
	"unknown-field":       {"result", conformance.Fail, `unknown field "enque"`, ""},
	"schema-mismatch":     {"output", conformance.Fail, "/pages", ""},
	"command-not-wanted":  {"grants", conformance.Fail, "run command page_publish", ""},
	"too-many-effects":    {"limits", conformance.Fail, "101 events, its limit is 100", ""},
	"huge-output":         {"limits", conformance.Fail, "2097152 bytes or more", ""},
	"endless-loop":        {"limits", conformance.Fail, "used up its fuel", ""},
	"recursion":           {"limits", conformance.Fail, "stack_bytes", ""},
	"allocates":           {"limits", conformance.Fail, "more memory than its limit", ""},
	"endless-log":         {"limits", conformance.Fail, "logged more than its limit", ""},
	"log-of-bytes":        {"log", conformance.Warn, "is no UTF-8 text", ""},
	"prints":              {"stdout", conformance.Warn, `prints to stdout: "hello"`, ""},
	"strict-envelope":     {"envelope", conformance.Fail, "with fields of a later host, it ends with fail", ""},
	"panics-on-type":      {"types", conformance.Fail, "interface conversion", "main.greet, "},
	"small-buffer":        {"large", conformance.Fail, "the module trapped: unreachable", "overflow"},
	"unchecked-grow":      {"memory", conformance.Fail, "Ask whether there was memory", ""},
	"draws-at-start":      {"random", conformance.Fail, "/output/id is ", ""},
	"keeps-start-date":    {"clock", conformance.Warn, "/output/at is \"2022-01-01T00:", ""},
	"keeps-count":         {"reuse", conformance.Warn, "/output/number is 1 in a clean instance, and 2 in job 2", ""},
}

func TestEveryWrongGuestIsFound(t *testing.T) {
	dirs, err := filepath.Glob("testdata/wrong/*")
	if err != nil || len(dirs) != len(wrong) {
		t.Fatalf("%d directories for %d wrong guests, %v", len(dirs), len(wrong), err)
	}
	for name, want := range wrong {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := check(t, guest(t, "testdata/wrong/"+name), `{"name":"you"}`)[want.check]
			if got.Verdict != want.verdict || !strings.Contains(got.Reason, want.says) || !strings.Contains(got.Where, want.where) {
				t.Errorf("%s: %s: %s at %q\nwant %s: … %s … at %q", got.Check, got.Verdict, got.Reason, got.Where, want.verdict, want.says, want.where)
			}
		})
	}
}

func TestNothingElseFailsOfAGuestThatIsWrongInOneWay(t *testing.T) {
	for _, name := range []string{"no-manifest", "http-not-used", "prints", "nul-text", "schema-mismatch", "small-buffer"} {
		for id, o := range check(t, guest(t, "testdata/wrong/"+name), `{"name":"you"}`) {
			if o.Verdict == conformance.Fail && id != wrong[name].check {
				t.Errorf("%s: %s: %s", name, id, o.Reason)
			}
		}
	}
}
