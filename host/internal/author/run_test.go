package author

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

func TestRun_TellsResultUsageAndLog(t *testing.T) {
	m := load(t)
	got, err := m.Try(t.Context(), ClassOf(m), json.RawMessage(`{"name": "you"}`))
	if err != nil || got.Status() != "ok" || string(got.Result.Output) != `{"greeting":"Hello, you"}` {
		t.Fatalf("%+v, %v", got, err)
	}
	if got.Usage.Fuel == 0 || got.Usage.MemoryBytes < 1<<16 || got.Usage.HostCalls != 1 {
		t.Errorf("usage is %+v", got.Usage)
	}
	if len(got.Log) != 1 || got.Log[0].Level != "info" || !strings.Contains(got.Log[0].Text, "name=you") {
		t.Errorf("the log is %+v", got.Log)
	}
}

func TestRun_UsesTheSameFuelForTheSameEnvelope(t *testing.T) {
	m := load(t)
	class := ClassOf(m)
	envelope, err := class.Envelope(json.RawMessage(`{"name": "you"}`))
	if err != nil {
		t.Fatal(err)
	}
	first, err := m.Run(t.Context(), class, envelope)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if again, err := m.Run(t.Context(), class, envelope); err != nil || again.Usage.Fuel != first.Usage.Fuel {
			t.Errorf("fuel was %d, and is %d (%v)", first.Usage.Fuel, again.Usage.Fuel, err)
		}
	}
}

func TestRun_EndsAtTheLimitsOfTheClass(t *testing.T) {
	m := load(t)
	for limit, code := range map[string]abi.Code{"fuel": abi.CodeLimitFuel, "output_bytes": abi.CodeLimitOutput, "log_bytes": abi.CodeLimitLog, "input_bytes": abi.CodeLimitInput} {
		class := ClassOf(m)
		if err := class.SetLimits(map[string]any{limit: 5}); err != nil {
			t.Fatal(err)
		}
		got, err := m.Try(t.Context(), class, json.RawMessage(`{"name": "you"}`))
		if err != nil || got.Error == nil || got.Error.Code != code {
			t.Errorf("%s: %+v, %v", limit, got, err)
		}
	}
	class := ClassOf(m)
	wantSaid(t, class.SetLimits(map[string]any{"wall": 1}), `unknown field "wall"`, "docs/abi.md")
}

func TestRun_RefusesWhatTheDatabaseWouldAtEnqueue(t *testing.T) {
	m := load(t)
	got, err := m.Try(t.Context(), ClassOf(m), json.RawMessage(`{"name": 5}`))
	if err != nil || got.Refused != "at enqueue" || got.Error.Code != abi.CodePayloadInvalid || !strings.Contains(got.Error.Message, "/name ") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClass_CommitsOnlyWhatIsWantedAndGranted(t *testing.T) {
	result := abi.Result{Status: abi.StatusOK, Output: json.RawMessage(`{"n": 1}`), Commands: []abi.Command{{Name: "publish"}}, Enqueue: []abi.FollowUp{{Class: "notify"}}}
	wants := abi.Wants{Commands: []string{"publish"}, Classes: []string{"notify"}}
	grants := registry.Grants{Commands: []string{"publish"}, Classes: []string{"notify"}}
	for name, c := range map[string]struct {
		manifest *abi.Manifest
		grants   registry.Grants
		says     string
	}{
		"all is well":             {&abi.Manifest{Wants: wants}, grants, ""},
		"without a manifest":      {nil, grants, ""},
		"a command not wanted":    {&abi.Manifest{Wants: abi.Wants{Classes: wants.Classes}}, grants, "not_granted: the module does not want to run command publish by its manifest"},
		"a class not wanted":      {&abi.Manifest{Wants: abi.Wants{Commands: wants.Commands}}, grants, "not_granted: the module does not want to enqueue class notify"},
		"a command not granted":   {nil, registry.Grants{Classes: grants.Classes}, "not_granted: class greet may not run command publish; add it to grants.commands"},
		"an output it disclaims":  {&abi.Manifest{Wants: wants, Schemas: abi.Schemas{Output: json.RawMessage(`{"properties": {"n": {"type": "string"}}}`)}}, grants, "result_schema: the output breaks the schema of the module, which made it: /n "},
		"a schema without effect": {&abi.Manifest{Wants: wants, Schemas: abi.Schemas{Output: json.RawMessage(`{"type": "object"}`)}}, grants, ""},
	} {
		class := Class{Class: registry.Class{Name: "greet", Grants: c.grants}}
		said := ""
		if e := class.commits(c.manifest, result); e != nil {
			said = e.Error()
		}
		if !strings.HasPrefix(said, c.says) || (c.says == "") != (said == "") {
			t.Errorf("%s: it says %q", name, said)
		}
	}
}

func TestClass_FitsAModuleThatItGivesWhatItWants(t *testing.T) {
	manifest := &abi.Manifest{Wants: abi.Wants{Commands: []string{"publish"}, HTTP: true}, Schemas: abi.Schemas{Config: json.RawMessage(`{"required": ["region"]}`)}}
	class := Class{Class: registry.Class{Grants: registry.Grants{Commands: []string{"publish"}}, Config: json.RawMessage(`{"region": "eu"}`)}}
	if e := class.fits(manifest); e != nil {
		t.Error(e)
	}
	class.Config = nil
	wantSaid(t, class.fits(manifest), "the config breaks the schema")
	class.Grants = registry.Grants{}
	wantSaid(t, class.fits(manifest), "grants.commands publish")
}

func TestClass_AdoptsTheRowOfARealOne(t *testing.T) {
	class := Class{}
	row := `{"class": "greet", "effective_limits": {"wall_ms": 7, "fuel": 8}, "grants": {"http": [{"scheme": "https", "host": "a.example", "methods": ["GET"]}]},
		"config": {"a": 1}, "payload_schema": null, "result_schema": {"type": "object"}, "isolation": "reuse", "owner": "me"}`
	if err := class.Adopt([]byte(row)); err != nil {
		t.Fatal(err)
	}
	if class.Name != "greet" || class.Limits.Fuel != 8 || class.Isolation != registry.IsolationReuse || class.Grants.HTTP[0].Host != "a.example" ||
		class.PayloadSchema != nil || string(class.ResultSchema) != `{"type": "object"}` {
		t.Errorf("%+v", class)
	}
	wantSaid(t, class.Adopt([]byte(`{"limits": {}}`)), "lessee class show --json")
}

func TestBench_TimesBothKindsOfInstance(t *testing.T) {
	m := load(t)
	b, err := m.Bench(t.Context(), ClassOf(m), json.RawMessage(`{"name": "you"}`), 5)
	if err != nil || b.Clean.Runs != 5 || b.Clean.P50US < 1 || b.Clean.P99US < b.Clean.P50US || b.Reuse.Fuel == 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := m.Bench(t.Context(), ClassOf(m), json.RawMessage(`{"name": ""}`), 5); err == nil {
		t.Error("failures were timed")
	}
}
