package host_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// manifested registers the tests' guest with a manifest packed into it.
func (i *installation) manifested(m abi.Manifest) string {
	i.t.Helper()
	m.ABI = abi.Version
	section := append([]byte{byte(len(abi.ManifestSection))}, abi.ManifestSection...)
	section = append(section, payload(i.t, m)...)
	module := binary.AppendUvarint(append(bytes.Clone(wasmtest.Build(i.t, "./testdata/guest")), 0), uint64(len(section)))
	return i.module("guest", append(module, section...))
}

func (i *installation) awaitClass(status, says string) {
	i.t.Helper()
	const found = "select status || ': ' || status_reason from lessee.executor_class_registry where class = 'guest'"
	await(i.t, func() bool {
		s := scan[string](i, found)
		return strings.HasPrefix(s, status+": ") && strings.Contains(s, says)
	}, func() string { return "the class is " + scan[string](i, found) })
}

// refusal is why a statement is refused.
func (i *installation) refusal(sql string, args ...any) string {
	i.t.Helper()
	_, err := i.pool.Exec(i.t.Context(), sql, args...)
	if err == nil {
		i.t.Fatalf("%s is not refused", sql)
	}
	return err.Error()
}

func TestHost_HoldsPayloadsAndOutputsToTheManifestOfTheModule(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.manifested(abi.Manifest{Name: "guest", Schemas: abi.Schemas{
		Payload: json.RawMessage(`{"type": "object", "properties": {"enqueue": {"type": "array", "items": {"required": ["class"]}}}}`),
		Output:  json.RawMessage(`{"type": "object", "properties": {"pages": {"items": {"type": "integer"}}}}`),
	}})
	i.host(nil)
	i.awaitTrue("the module is admitted, with its manifest", "select status = 'admitted' and manifest ->> 'name' = 'guest' from lessee.executor_module_registry where sha256 = $1", digest)
	i.class("guest", digest, nil)
	for payload, says := range map[string]string{
		`{"enqueue": [{"class": "a"}, {"clas": "b"}]}`: "/enqueue/1/class is required",
		`7`: "(root) must be object, is number",
	} {
		if got := i.refusal("select lessee.fn_job_enqueue('guest', $1)", payload); !strings.Contains(got, "the payload breaks the schema of module guest@") || !strings.Contains(got, says) {
			t.Errorf("payload %s: %s", payload, got)
		}
	}
	i.awaitState(i.enqueue("guest", `{"output": {"pages": [1, 2]}}`), job.Succeeded)
	wrong := i.enqueue("guest", `{"output": {"pages": [1, "two"]}}`)
	got := i.awaitState(wrong, job.DeadLettered)
	if code := i.code(wrong); code != "result_schema" || got.Attempt != 1 || !strings.Contains(*got.Error, "/pages/1 must be integer, is string") {
		t.Errorf("code %s, attempt %d: %s", code, got.Attempt, *got.Error)
	}
}

func TestHost_RunsAClassOnceItsRowIsWhatTheManifestAsksFor(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.command("note", "insert into note values (p_args ->> 'text'); return null")
	i.command("erase", "delete from note; return null")
	i.class("guest", i.manifested(abi.Manifest{
		Wants:   abi.Wants{Commands: []string{"note"}},
		Schemas: abi.Schemas{Config: json.RawMessage(`{"type": "object", "required": ["region"]}`)},
	}), nil)
	i.host(nil)
	i.awaitClass("broken", "wants grants.commands note")
	id := i.enqueue("guest", `{"commands": [{"name": "note", "args": {"text": "noted"}}]}`)
	const grant = `update lessee.executor_class_registry set grants = '{"commands": ["note", "erase"]}'`
	if got := i.refusal(grant); !strings.Contains(got, "/region is required") {
		t.Errorf("half of a mend: %s", got)
	}
	if state := i.row(id).State; state != job.Ready {
		t.Errorf("a job of a broken class is %s", state)
	}
	i.exec(grant + `, config = '{"region": "eu"}'`)
	i.awaitState(id, job.Succeeded)
	i.awaitClass("active", "")
	denied := i.enqueue("guest", `{"commands": [{"name": "erase", "args": {}}]}`)
	i.awaitState(denied, job.DeadLettered)
	if code := i.code(denied); code != "not_granted" {
		t.Errorf("a command that is granted and not wanted ends with %s", code)
	}
	if n := scan[int](i, "select count(*) from test_command.note"); n != 1 {
		t.Errorf("%d notes, not 1", n)
	}
}

func TestHost_ServesOnTheOldModuleUntilTheConfigIsWhatTheNewOneTakes(t *testing.T) {
	t.Parallel()
	i := install(t)
	old := i.guest(nil)
	_, stop := i.host(nil)
	i.awaitState(i.enqueue("guest", "{}"), job.Succeeded)
	stop() // so that nobody has read the manifest when the class is pointed at its module
	i.point("guest", i.manifested(abi.Manifest{Schemas: abi.Schemas{Config: json.RawMessage(`{"required": ["region"]}`)}}))
	i.host(nil)
	i.awaitClass("broken", "/region is required")
	id := i.enqueue("guest", "{}")
	i.awaitState(id, job.Succeeded)
	if digest := scan[string](i, "select module_sha256 from lessee.job_attempt where job_id = $1", id); digest != old {
		t.Errorf("it ran on %s", digest)
	}
	i.exec(`update lessee.executor_class_registry set config = '{"region": "eu"}'`)
	i.awaitTrue("the new module serves", switched)
	i.awaitClass("active", "")
}

func TestHost_RunsNoModuleWhoseSchemasNobodyCanEnforce(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.manifested(abi.Manifest{Schemas: abi.Schemas{Payload: json.RawMessage(`{"unevaluatedProperties": false}`)}})
	i.class("guest", digest, nil)
	h, _ := i.host(nil)
	i.awaitClass("broken", `keyword "unevaluatedProperties" at the top is not supported`)
	i.awaitTrue("the module is refused", "select status = 'refused' from lessee.executor_module_registry where sha256 = $1", digest)
	// Until the host has read what the row says, it takes the class for ready, and gives back what it claims.
	await(t, func() bool { return h.Health().Classes["guest"].Reason != "" }, func() string { return "the host does not know" })
	if id := i.enqueue("guest", "7"); i.row(id).State != job.Ready {
		t.Errorf("its job is %s", i.row(id).State)
	}
}
