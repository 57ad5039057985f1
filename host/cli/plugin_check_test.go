package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/conformance"
)

func TestPluginCheck_HasNothingAgainstANewPlugin(t *testing.T) {
	w := newWorkbench(t)
	dir := w.greet()
	got := w.run("plugin", "check", dir).want(t, ExitOK, "✓ admission", "✓ stop", "0 failed")
	if strings.Contains(got.out, "\x1b") {
		t.Errorf("it colours what is no terminal:\n%s", got.out)
	}
	w.run("plugin", "check", dir, "--payload", `{"name": 7}`).want(t, ExitNotDone, "✗ answers", "does not reach the handler", "/name")
}

func TestPluginCheck_EndsWithCode7AndSpeaksJSON(t *testing.T) {
	w := newWorkbench(t)
	file := w.path("component.wasm")
	if err := os.WriteFile(file, []byte("\x00asm\x0d\x00\x01\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := w.run("plugin", "check", file, "--json").want(t, ExitNotDone)
	var outcomes []conformance.Outcome
	if err := json.Unmarshal([]byte(got.out), &outcomes); err != nil {
		t.Fatalf("%v in\n%s", err, got.out)
	}
	if first := outcomes[0]; first.Check != "admission" || first.Verdict != conformance.Fail || !strings.Contains(first.Reason, "a component") {
		t.Errorf("%+v", first)
	}
	for _, o := range outcomes[1:] {
		if o.Verdict != conformance.Skip || o.Reason == "" {
			t.Errorf("%+v", o)
		}
	}
}
