package postgres_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// admit reports a module admitted, with its manifest.
func (l *law) admit(lease int64, digest string, manifest *abi.Manifest) {
	l.Helper()
	stages := []registry.Stage{{Name: registry.StageParse, State: registry.StagePassed}, {Name: registry.StageManifest, State: registry.StagePassed}}
	admission := registry.Admission{Status: registry.ModuleAdmitted, Stages: stages, Manifest: manifest}
	if err := l.store.ReportModule(l.Context(), lease, digest, admission); err != nil {
		l.Fatal(err)
	}
}

// renderer is the digest of the module that every law has.
func (l *law) renderer() string {
	l.Helper()
	return ask[string](l, "select sha256 from lessee.executor_module_registry where name = 'renderer' and version = '1.0.0'")
}

// faults are those that a host reads of a class.
func (l *law) faults(class string) map[string]string {
	l.Helper()
	snapshot, err := l.store.LoadRegistry(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	c, _ := snapshot.Resolve(class)
	return c.Faults
}

// ready reports that the host of the lease can run a class with a module.
func (l *law) ready(lease int64, class, digest string) {
	l.Helper()
	if err := l.store.ReportClass(l.Context(), lease, class, job.Readiness{Ready: true, Module: digest}); err != nil {
		l.Fatal(err)
	}
}

func (l *law) isBroken(class string, says ...string) {
	l.Helper()
	found := ask[string](l, "select status || ': ' || status_reason from lessee.executor_class_registry where class = $1", class)
	for _, text := range append(says, "broken: ") {
		if !strings.Contains(found, text) {
			l.Errorf("class %s is %q, which does not say %q", class, found, text)
		}
	}
}

func schemasOf(payload, output, config string) abi.Schemas {
	return abi.Schemas{Payload: json.RawMessage(payload), Output: json.RawMessage(output), Config: json.RawMessage(config)}
}

const (
	needsName = `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}`
	needsPage = `{"type": "object", "required": ["page"], "properties": {"page": {"type": "integer"}}}`
)

func TestManifest_HoldsPayloadsToTheSchemaOfTheModuleThatServes(t *testing.T) {
	l := newLaw(t)
	lease, digest := l.lease(), l.renderer()
	l.class("plain", `payload_schema = '{"type": "object", "maxProperties": 1}'`)
	l.enqueue("plain") // nobody knows the manifest yet
	l.admit(lease, digest, &abi.Manifest{ABI: 1, Schemas: schemasOf(needsName, "", "")})
	l.exec(`select lessee.fn_job_enqueue('plain', '{"name": "a"}')`)
	for call, says := range map[string]string{
		`lessee.fn_job_enqueue('plain', '{"name": 7}')`:                                                    "the payload breaks the schema of module renderer@1.0.0, which runs class plain: /name must be string, is number",
		`lessee.fn_job_enqueue('plain')`:                                                                   "of module renderer@1.0.0, which runs class plain: /name is required",
		`lessee.fn_job_enqueue('plain', '[]')`:                                                             "the payload breaks the schema of class plain: (root) must be object, is array",
		`lessee.fn_job_enqueue('plain', '{"name": 7, "b": 1}')`:                                            "the payload breaks the schema of class plain: (root) must have at most 1 properties",
		`lessee.fn_job_enqueue_bulk('[{"class": "plain", "payload": {"name": "a"}}, {"class": "plain"}]')`: "jobs[1]: the payload breaks the schema of module renderer@1.0.0",
	} {
		l.refused("LS422", []string{says}, "select "+call)
	}

	next := l.module("renderer", "2.0.0", []byte("other bytes"))
	l.admit(lease, next, &abi.Manifest{ABI: 1, Schemas: schemasOf(needsPage, "", "")})
	l.point(next)
	l.refused("LS422", []string{"renderer@1.0.0"}, `select lessee.fn_job_enqueue('plain', '{"page": 1}')`)
	l.says(lease, digest, true, next, true)
	l.refused("LS422", []string{"renderer@2.0.0"}, `select lessee.fn_job_enqueue('plain', '{"name": "a"}')`)
	l.exec(`select lessee.fn_job_enqueue('plain', '{"page": 1}')`)
}

func TestManifest_HoldsOutputsToTheSchemaOfTheModuleThatRan(t *testing.T) {
	l := newLaw(t)
	lease, digest := l.lease(), l.renderer()
	candidate := l.module("other", "1", []byte("other bytes"))
	l.class("plain", `grants = '{"classes": ["plain"]}'`)
	l.admit(lease, digest, &abi.Manifest{ABI: 1, Wants: abi.Wants{Classes: []string{"plain"}}, Schemas: schemasOf("", needsPage, "")})
	commits := func(module, output string, set func(*job.Outcome)) job.Verdict {
		t.Helper()
		l.enqueue("plain")
		o := outcome(l.claimOne(lease, "plain"), job.Succeed)
		o.ModuleDigest, o.Output = module, json.RawMessage(output)
		if set != nil {
			set(&o)
		}
		return l.commit(lease, o)[0]
	}
	l.expect(commits(digest, `{"page": 1}`, nil), job.Accepted, job.Succeeded, "")
	l.expect(commits(candidate, `"anything"`, nil), job.Accepted, job.Succeeded, "") // says nothing of its output
	l.expect(commits("", `"anything"`, nil), job.Accepted, job.Succeeded, "")
	l.expect(commits(digest, ``, func(o *job.Outcome) { o.Word = job.Park }), job.Accepted, job.Waiting, "")

	wrong := commits(digest, `{"page": "one"}`, func(o *job.Outcome) { o.Enqueue = []abi.FollowUp{{Class: "plain"}} })
	l.expect(wrong, job.Changed, job.DeadLettered, "result_schema")
	if says := "the output breaks the schema of module renderer@1.0.0, which made it: /page must be integer, is string"; wrong.Message != says {
		t.Errorf("%q, want %q", wrong.Message, says)
	}
	want(l, 0, "select count(*)::int from lessee.job_payload where parent_job_id = $1", wrong.JobID)
	l.expect(commits(digest, ``, nil), job.Changed, job.DeadLettered, "result_schema") // no output is null
	l.exec(`update lessee.executor_class_registry set result_schema = '{"type": "object", "maxProperties": 1}'`)
	v := commits(digest, `{"page": 1, "more": 2}`, nil)
	l.expect(v, job.Changed, job.DeadLettered, "result_schema")
	if !strings.Contains(v.Message, "result schema of class plain") {
		t.Errorf("%q does not say which schema", v.Message)
	}
	l.sound()
}

func TestManifest_AFollowUpThatBreaksTheSchemaOfItsModuleFailsTheCommit(t *testing.T) {
	l := newLaw(t)
	lease := l.lease()
	l.class("plain", `grants = '{"classes": ["plain", "strict"]}'`)
	strict := l.module("strict", "1", []byte("strict bytes"))
	l.class("strict", "module_sha256 = '"+strict+"', enabled = false") // and back, so that it serves
	l.exec("update lessee.executor_class_registry set enabled = true where class = 'strict'")
	l.admit(lease, strict, &abi.Manifest{ABI: 1, Schemas: schemasOf(needsName, "", "")})
	l.enqueue("plain")
	o := outcome(l.claimOne(lease, "plain"), job.Succeed)
	o.Enqueue = []abi.FollowUp{{Class: "plain"}, {Class: "strict", Payload: json.RawMessage(`{"name": null}`)}}
	v := l.commit(lease, o)[0]
	l.expect(v, job.Changed, job.DeadLettered, "payload_invalid")
	if !strings.Contains(v.Message, "of module strict@1, which runs class strict: /name must be string, is null") {
		t.Errorf("it says %q", v.Message)
	}
	want(l, 0, "select count(*)::int from lessee.job_payload where parent_job_id is not null")
	l.sound()
}

func TestManifest_RefusesAClassThatFallsShortOfIt(t *testing.T) {
	l := newLaw(t)
	wants := abi.Wants{Commands: []string{"publish"}, Classes: []string{"plain"}, HTTP: true}
	l.admit(l.lease(), l.renderer(), &abi.Manifest{ABI: 1, Wants: wants, Schemas: schemasOf("", "", needsPage)})
	other := l.module("other", "1", []byte("other bytes"))
	l.exec("insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason) values ('plain', 'wasm', $1, true, 'tests', 'a test')", other)
	const grant = `grants = '{"commands": ["publish"], "classes": ["plain"], "http": [{"scheme": "https", "host": "a.example", "methods": ["GET"]}]}'`
	for _, c := range []struct{ set, says string }{
		{"", "module renderer@1.0.0 wants grants.classes plain, grants.commands publish, grants.http (any), which the class does not grant"},
		{`, grants = '{"commands": ["publish"], "classes": ["plain"]}'`, "wants grants.http (any), which"},
		{", " + grant, "the config breaks the schema of module renderer@1.0.0: /page is required; lessee module show prints"},
		{", " + grant + `, config = '{"page": 1.5}'`, "/page must be integer"},
	} {
		for _, column := range []string{"module_sha256", "candidate_sha256"} {
			l.refused("23514", []string{"class plain: ", c.says}, "update lessee.executor_class_registry set "+column+" = $1"+c.set, l.renderer())
		}
		l.exec("update lessee.executor_class_registry set exit_path = ''" + c.set) // another module wants nothing
	}
	l.exec("update lessee.executor_class_registry set module_sha256 = $1, config = '{\"page\": 1}'", l.renderer())
	for _, set := range []string{"grants = '{}'", "config = '{}'"} {
		l.refused("23514", []string{"renderer@1.0.0"}, "update lessee.executor_class_registry set "+set)
		l.exec("update lessee.executor_class_registry set enabled = false, " + set)
		l.refused("23514", []string{"renderer@1.0.0"}, "update lessee.executor_class_registry set enabled = true")
		l.exec("update lessee.executor_class_registry set enabled = true, config = '{\"page\": 1}', " + grant)
	}
}

func TestManifest_ThatIsLearnedLaterBreaksTheClassUntilItsRowIsMended(t *testing.T) {
	l := newLaw(t)
	lease, digest := l.lease(), l.renderer()
	l.class("plain", "")
	l.ready(lease, "plain", digest) // before anybody knew the manifest
	want(l, "active", "select status from lessee.executor_class_registry")
	before := ask[int64](l, "select lessee.fn_registry_version()")
	l.admit(lease, digest, &abi.Manifest{ABI: 1, Wants: abi.Wants{Commands: []string{"publish"}}, Schemas: schemasOf("", "", needsPage)})
	if ask[int64](l, "select lessee.fn_registry_version()") == before {
		t.Error("the hosts are not told")
	}
	steps := []struct{ set, says string }{
		{"", "module renderer@1.0.0 wants grants.commands publish"},
		{`grants = '{"commands": ["publish"]}'`, "the config breaks the schema of module renderer@1.0.0: /page is required"},
		{`config = '{"page": 1}'`, ""},
	}
	for _, step := range steps {
		if step.set != "" {
			l.exec("alter table lessee.executor_class_registry disable trigger class_check") // half of a mend is refused
			l.exec("update lessee.executor_class_registry set status = 'pending', " + step.set)
			l.exec("alter table lessee.executor_class_registry enable trigger class_check")
		}
		fault := l.faults("plain")[digest]
		l.ready(lease, "plain", digest)
		if step.says == "" {
			want(l, "active: ", "select status || ': ' || status_reason from lessee.executor_class_registry")
			if fault != "" {
				t.Errorf("hosts are told %q", fault)
			}
			continue
		}
		l.isBroken("plain", step.says)
		if !strings.Contains(fault, step.says) {
			t.Errorf("hosts are told %q, not %q", fault, step.says)
		}
	}
}

func TestManifest_WithASchemaThatCanNotBeEnforcedRefusesTheModule(t *testing.T) {
	l := newLaw(t)
	lease := l.lease()
	large := fmt.Sprintf(`{"enum": [%q]}`, strings.Repeat("x", 1<<16))
	for i, c := range []struct {
		schemas abi.Schemas
		says    string
	}{
		{schemasOf(`{"tpye": "object"}`, "", ""), `its manifest: schemas.payload: keyword "tpye" at the top is not supported`},
		{schemasOf("", `{"properties": {"a": {"pattern": "("}}}`, ""), `schemas.output: keyword "pattern" at /properties/a`},
		{schemasOf("true", "", `null`), "schemas.config: the schema at the top is null"},
		{schemasOf(large, "", ""), "its manifest: the schemas have 65563 bytes, and may have 65536. Shorten them"},
	} {
		digest := l.module("odd", fmt.Sprint(i), []byte(fmt.Sprint("odd ", i)))
		class := fmt.Sprint("odd", i)
		l.exec("insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason) values ($1, 'wasm', $2, true, 'tests', 'a test')", class, digest)
		l.admit(lease, digest, &abi.Manifest{ABI: 1, Wants: abi.Wants{Commands: []string{"publish"}}, Schemas: c.schemas})
		found := ask[string](l, "select status || ': ' || status_reason from lessee.executor_module_registry where sha256 = $1", digest)
		if !strings.HasPrefix(found, "refused: ") || !strings.Contains(found, c.says) {
			t.Errorf("the module is %q, which does not say %q", found, c.says)
		}
		want(l, `{"stage": "manifest", "state": "failed"}`, "select ((stages -> 1) - 'took_ms' - 'reason')::text from lessee.executor_module_registry where sha256 = $1", digest)
		want(l, true, "select starts_with(status_reason, stages -> 1 ->> 'reason') from lessee.executor_module_registry where sha256 = $1", digest)
		l.enqueue(class) // waits for a module that can be run
		l.ready(lease, class, digest)
		l.isBroken(class, "is refused: its manifest: ")
		if !strings.Contains(l.faults(class)[digest], c.says) {
			t.Errorf("hosts are told %v", l.faults(class))
		}
		l.refused("23514", []string{"is refused: its manifest"}, "insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason) values ('new', 'wasm', $1, true, 'tests', 'a test')", digest)
	}
}

func TestManifest_IsKeptEvenWhileAnotherHostRefusesTheModule(t *testing.T) {
	l := newLaw(t)
	strict, lax, digest := l.lease(), l.lease(), l.renderer()
	if err := l.store.ReportModule(t.Context(), strict, digest, registry.Admission{Status: registry.ModuleRefused, Reason: "no signature"}); err != nil {
		t.Fatal(err)
	}
	l.admit(lax, digest, &abi.Manifest{ABI: 1, Schemas: schemasOf(needsName, "", "")})
	want(l, "refused: no signature", "select status || ': ' || status_reason from lessee.executor_module_registry")
	l.class("plain", "")
	l.refused("LS422", []string{"/name is required"}, "select lessee.fn_job_enqueue('plain')")
}

func TestManifest_GrantsBeyondItsWantsDoNotCount(t *testing.T) {
	l := newLaw(t)
	newCommander(l).command("publish", "return p;")
	lease, digest := l.lease(), l.renderer()
	l.admit(lease, digest, &abi.Manifest{ABI: 1})
	l.class("plain", `grants = '{"classes": ["plain"], "commands": ["publish"]}'`)
	for _, c := range []struct {
		set  func(*job.Outcome)
		says string
	}{
		{func(o *job.Outcome) { o.Commands = []abi.Command{{Name: "publish"}} }, "the module does not want command publish by its manifest"},
		{func(o *job.Outcome) { o.Enqueue = []abi.FollowUp{{Class: "plain"}} }, "the module does not want to enqueue class plain by its manifest"},
	} {
		l.enqueue("plain")
		o := outcome(l.claimOne(lease, "plain"), job.Succeed)
		o.ModuleDigest = digest
		c.set(&o)
		v := l.commit(lease, o)[0]
		l.expect(v, job.Changed, job.DeadLettered, "not_granted")
		if !strings.Contains(v.Message, c.says) {
			t.Errorf("%q does not say %q", v.Message, c.says)
		}
	}
}

func TestManifest_CanNotMakeReadingTheRegistrySlow(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	var levels []string // 2^20 ways to the end
	for i := range 20 {
		levels = append(levels, fmt.Sprintf(`"%d":{"allOf":[{"$ref":"#/$defs/%d"},{"$ref":"#/$defs/%d"}]}`, i, i+1, i+1))
	}
	config := `{"$ref":"#/$defs/0","$defs":{` + strings.Join(levels, ",") + `,"20":{}}}`
	l.admit(l.lease(), l.renderer(), &abi.Manifest{ABI: 1, Schemas: schemasOf("", "", config)})
	if fault := l.faults("plain")[l.renderer()]; !strings.Contains(fault, "needs too many steps to check") {
		t.Errorf("hosts are told %q", fault)
	}
}

func TestSwitch_WaitsUntilTheClassIsWhatTheNewModuleAsksFor(t *testing.T) {
	l := newLaw(t)
	lease, old := l.lease(), l.renderer()
	l.class("plain", "")
	next := l.module("renderer", "2.0.0", []byte("other bytes"))
	l.point(next)
	l.says(lease, old, true, next, true)
	l.runs(old, next) // nobody has told what it asks for
	l.admit(lease, next, &abi.Manifest{ABI: 1, Schemas: schemasOf("", "", needsPage)})
	l.says(lease, old, true, next, true)
	l.runs(old, next)
	l.exec(`update lessee.executor_class_registry set config = '{"page": 1}'`)
	l.says(lease, old, true, next, true)
	l.runs(next, "")
}
