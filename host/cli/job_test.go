package cli

import (
	"strings"
	"testing"
)

func TestJob_TellsWhatBecameOfIt(t *testing.T) {
	i := install(t)
	i.class("page")
	id := i.enqueue("page", "--payload", `{"n": 1}`, "--key", "k", "--correlation-id", "order 7", "--tracestate", "a=b",
		"--traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if again := i.enqueue("page", "--key", "k"); again != id {
		t.Errorf("the second job with the key is %s, the first %s", again, id)
	}
	i.run("job", "show", id, "--output").want(t, ExitRefused, "is ready", "only a succeeded job has an output")
	i.run("job", "wait", id, "--timeout", "50ms").want(t, ExitTimeout, "is still ready", "lessee doctor")
	i.host("page", `{"word": "succeed", "output": "<h1>ä & b</h1>", "usage": {"wall_us": 1500, "memory_bytes": 1048576}, "log_tail": "first\nsecond\n"}`)

	i.run("job", "wait", id).want(t, ExitOK)
	if s := i.run("job", "show", id, "--output"); s.out != "<h1>ä & b</h1>" {
		t.Errorf("output: %q", s.out)
	}
	i.run("job", "show", id).want(t, ExitOK, "succeeded", "attempt 1: succeed", "1.5ms", "1.0 MiB", "second", "test host", "order 7", "a=b",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", `{"n": 1}`)
	i.run("job", "list", "--class", "page", "--state", "succeeded").want(t, ExitOK, id, "succeeded", "1/5")
	i.run("job", "cancel", id).want(t, ExitRefused, "there is nothing to cancel")
	i.run("job", "retry", id).want(t, ExitRefused, "only a job that is dead_lettered")
}

func TestJobShow_PrintsAnOutputThatIsNoStringAsJSON(t *testing.T) {
	i := install(t)
	i.class("page")
	id := i.enqueue("page")
	i.host("page", `{"word": "succeed", "output": {"pages": [1, 2]}}`)
	if s := i.run("job", "show", id, "--output"); s.out != "{\"pages\": [1, 2]}\n" {
		t.Errorf("output: %q", s.out)
	}
}

func TestJobList_GoesOnWhereThePageBeforeEnded(t *testing.T) {
	i := install(t)
	i.class("page")
	for range 5 {
		i.enqueue("page")
	}
	type row struct {
		ID    int64  `json:"id"`
		State string `json:"state"`
	}
	first := decode[[]row](t, i.run("job", "list", "--json", "--limit", "3"))
	if len(first) != 3 || first[0].ID != 5 || first[2].ID != 3 || first[0].State != "ready" {
		t.Fatalf("first page: %v", first)
	}
	rest := decode[[]row](t, i.run("job", "list", "--json", "--before", "3"))
	if len(rest) != 2 || rest[0].ID != 2 {
		t.Fatalf("second page: %v", rest)
	}
	if none := i.run("job", "list", "--json", "--state", "expired").want(t, ExitOK); strings.TrimSpace(none.out) != "[]" {
		t.Errorf("an empty list is %q, want []", none.out)
	}
	i.run("job", "list", "--state", "done").want(t, ExitUsage, "it must be one of proposed")
	i.run("job", "list", "--limit", "0").want(t, ExitUsage, "from 1 to 10000")
}

func TestJob_AnOperatorsWordsAndTheirRefusals(t *testing.T) {
	i := install(t)
	i.class("page")
	i.exec("update lessee.executor_class_registry set requires_approval = true where class = 'page'")
	i.run("job", "enqueue", "page", "--wait", "--timeout", "50ms").want(t, ExitTimeout, "still proposed", "lessee job approve 1")
	i.enqueue("page")
	i.run("job", "approve", "1", "99", "1").want(t, ExitNotFound, "job 1 is approved", "job 99 is not known", "job 1 is ready: only a proposed job")
	i.run("job", "reject", "2", "--reason", "over budget").want(t, ExitOK, "job 2 is rejected")
	i.run("job", "wait", "2").want(t, ExitNotDone, "job 2 is rejected: over budget")
	i.run("job", "resume", "1").want(t, ExitRefused, "only a waiting job")
	i.run("job", "cancel", "1", "--reason", "no more").want(t, ExitOK, "job 1 is cancelled")
	i.run("job", "show", "1").want(t, ExitOK, "no more")
	i.run("job", "cancel", "x").want(t, ExitUsage, `"x" is no job id`)
	i.run("job", "show", "99").want(t, ExitNotFound, "job 99 is not known")
	i.run("job", "wait", "99").want(t, ExitNotFound)
}

func TestJobRetry_MakesAScheduledJobDueNow(t *testing.T) {
	i := install(t)
	i.class("page")
	id := i.enqueue("page", "--run-at", "1h")
	i.run("job", "list").want(t, ExitOK, "scheduled", "due in")
	i.run("job", "retry", id).want(t, ExitOK, "job 1 is ready")
	i.run("job", "list").want(t, ExitOK, "ready")
}

func TestDLQ_ShowsAndReplays(t *testing.T) {
	i := install(t)
	i.class("page")
	i.class("mail")
	failed := `{"word": "dead_letter", "error": {"code": "printer_on_fire", "message": "call somebody"}}`
	i.enqueue("page", "--payload", `{"n": 1}`)
	i.enqueue("page", "--payload", `{"n": 2}`)
	i.enqueue("mail", "--payload", `{"n": 3}`)
	i.run("dlq", "list", "--json").want(t, ExitOK, "[]")
	i.host("page", failed)
	i.host("mail", failed)

	i.run("job", "wait", "1").want(t, ExitNotDone, "dead_lettered: printer_on_fire: call somebody")
	i.run("dlq", "list").want(t, ExitOK, "printer_on_fire")
	i.run("dlq", "show", "1").want(t, ExitOK, `{"n": 1}`, "printer_on_fire")
	i.run("dlq", "show", "99").want(t, ExitNotFound, "job 99 has no dead letter")
	letters := decode[[]map[string]any](t, i.run("dlq", "list", "--json", "--class", "page", "--code", "printer_on_fire"))
	if len(letters) != 2 || letters[0]["job_id"] != 2.0 || letters[0]["dead_at"] == nil {
		t.Fatalf("dead letters: %v", letters)
	}
	i.run("doctor").want(t, ExitOK, "open: mail 1, page 2")

	i.run("dlq", "replay").want(t, ExitUsage, "--class, --code or --all")
	i.run("dlq", "replay", "1", "--all").want(t, ExitUsage, "not both")
	i.run("dlq", "replay", "--all").want(t, ExitUsage, "--reason is missing")
	i.run("dlq", "replay", "--class", "page", "--dry-run").want(t, ExitOK, "job 1 would be replayed", "job 2 would be replayed")
	i.run("dlq", "replay", "--class", "page", "--reason", "extinguished").want(t, ExitOK, "job 1 is replayed", "job 2 is replayed")
	i.run("dlq", "replay", "1", "3", "--reason", "once more").want(t, ExitRefused, "job 1 is ready: only a dead-lettered", "job 3 is replayed")
	i.run("dlq", "replay", "--all", "--reason", "none left").want(t, ExitOK, "no open dead letter")
	i.run("dlq", "show", "1").want(t, ExitOK, "extinguished")
}
