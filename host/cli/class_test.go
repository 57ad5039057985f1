package cli

import (
	"regexp"
	"strings"
	"testing"
)

func TestClass_FromNothingToEnabledAndBack(t *testing.T) {
	i := install(t)
	i.run("module", "add", write(t, "guest.wasm", commandModule("1")), "--version", "1").want(t, ExitOK)
	i.run("module", "add", write(t, "guest.wasm", commandModule("2")), "--version", "2").want(t, ExitOK)
	i.run("class", "set", "thumb", "--runtime", "wasm", "--owner", "media", "--reason", "first version").want(t, ExitOK, "lessee class enable thumb")
	i.run("class", "enable", "thumb").want(t, ExitRefused, "an enabled wasm class needs a module")
	i.run("class", "set", "thumb", "--module", "guest@1", "--limit", "wall_ms=5000", "--limit", "log_bytes=1", "--retry", "max_attempts=2",
		"--grant-class", "mail,page", "--config", `{"size": 64}`, "--payload-schema", "@"+write(t, "schema.json", []byte(`{"type": "object"}`)),
		"--concurrency", "2", "--priority", "7", "--requires-approval", "--expires-after", "1h", "--reason", "limits").want(t, ExitOK, "class thumb is changed")
	i.run("class", "enable", "thumb").want(t, ExitOK, "class thumb is enabled")

	k := decode[map[string]any](t, i.run("class", "show", "thumb", "--json"))
	for key, want := range map[string]any{"module": "guest@1", "reason": "limits", "enabled": true, "concurrency_per_host": 2.0, "priority": 7.0,
		"requires_approval": true, "expires_after_seconds": 3600.0, "status": "pending", "updated_by": "cli_operator"} {
		if k[key] != want {
			t.Errorf("%s is %v, want %v", key, k[key], want)
		}
	}
	if limits := k["limits"].(map[string]any); len(limits) != 2 || limits["wall_ms"] != 5000.0 {
		t.Errorf("limits: %v", limits)
	}
	i.run("class", "set", "thumb", "--limit", "log_bytes=", "--module", "guest@2", "--expires-after", "0", "--payload-schema", "null", "--reason", "next").want(t, ExitOK)
	k = decode[map[string]any](t, i.run("class", "show", "thumb", "--json"))
	if limits := k["limits"].(map[string]any); len(limits) != 1 || k["module"] != "guest@2" || k["payload_schema"] != nil || k["expires_after_seconds"] != nil {
		t.Errorf("after the second change: %v", k)
	}
	i.run("class", "list").want(t, ExitOK, "thumb", "guest@2", "yes", "pending")
	i.run("module", "list").want(t, ExitOK, "guest@1", "guest@2", "thumb")
	i.run("module", "show", "guest@2").want(t, ExitOK, "thumb", "command")
	i.run("class", "disable", "thumb", "--reason", "ticket 42").want(t, ExitOK)
	i.run("class", "show", "thumb").want(t, ExitOK, "ticket 42")
	i.run("class", "disable", "nope").want(t, ExitNotFound)
}

func TestClassList_ShowsWhatEachClassHasToDo(t *testing.T) {
	i := install(t)
	i.class("page")
	i.class("idle")
	i.exec("select lessee.fn_job_enqueue('page') from generate_series(1, 3)")
	i.exec("select lessee.fn_job_enqueue('page', p_run_at => now() + interval '1 hour')")
	i.exec("update lessee.job_queue set run_at = run_at - interval '2 hours' where state = 'ready'")
	s := i.run("class", "list").want(t, ExitOK, "READY", "OLDEST", "FAILED")
	for _, line := range []string{`(?m)^idle .* 0 +0 +0 +0 +0 +- +- +-`, `(?m)^page .* 3 +0 +1 +0 +0 +2h00m +- +-`} {
		if !regexp.MustCompile(line).MatchString(s.out) {
			t.Errorf("no line like %s in\n%s", line, s.out)
		}
	}
	lines := decode[[]classLine](t, i.run("class", "list", "--json"))
	if len(lines) != 2 || lines[1].Class != "page" || lines[1].Work.States["ready"] != 3 || lines[1].Work.Words["enqueue"] != 4 || lines[1].Work.Minute.Enqueued == 0 {
		t.Errorf("as JSON: %+v", lines)
	}
}

func TestClassSet_ChangesTheRuntimeAndDropsWhatTheOtherOneHad(t *testing.T) {
	i := install(t)
	i.run("module", "add", write(t, "guest.wasm", commandModule("1")), "--version", "1").want(t, ExitOK)
	i.run("class", "set", "c", "--runtime", "wasm", "--module", "guest@1", "--owner", "me", "--reason", "r").want(t, ExitOK)
	i.run("class", "set", "c", "--runtime", "command", "--reason", "r").want(t, ExitOK)
	k := decode[map[string]any](t, i.run("class", "show", "c", "--json"))
	if k["module_sha256"] != nil || k["runtime"] != "command" {
		t.Errorf("class: %v", k)
	}
}

func TestModule_IsFoundByTheBeginningOfItsDigest(t *testing.T) {
	i := install(t)
	i.run("module", "add", write(t, "guest.wasm", commandModule("1")), "--version", "1").want(t, ExitOK)
	m := decode[map[string]any](t, i.run("module", "show", "guest@1", "--json"))
	i.run("module", "show", m["sha256"].(string)[:10]).want(t, ExitOK, "guest@1")
	i.run("module", "show", "0000000000").want(t, ExitNotFound)
}

func TestCompletion_OffersClassNames(t *testing.T) {
	i := install(t)
	i.class("page")
	i.class("pager")
	i.class("mail")
	if s := i.run("__complete", "class", "show", "pa").want(t, ExitOK); !strings.HasPrefix(s.out, "page\npager\n:") {
		t.Errorf("completion: %q", s.out)
	}
	lessee(t, "--data-dir", t.TempDir(), "__complete", "class", "show", "").want(t, ExitOK)
}
