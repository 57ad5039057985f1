package postgres_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

const stateMachine = "../../../docs/state-machine.md"

func TestStates_AreTheSameInTheDatabaseInGoAndInTheDocument(t *testing.T) {
	l := newLaw(t)
	var inGo, live, documented []string
	for _, s := range job.States() {
		inGo = append(inGo, string(s))
		if !s.Final() {
			live = append(live, string(s))
		}
		want(l, s.Final(), "select final from lessee.work_state where state = $1", string(s))
	}
	for _, row := range tableRows(t, "state") {
		documented = append(documented, row[0])
		want(l, row[1] == "yes", "select final from lessee.work_state where state = $1", row[0])
		want(l, row[2], "select description from lessee.work_state where state = $1", row[0])
	}
	same(t, "the document's states", documented, inGo)
	same(t, "work_state", list[string](l, "select state from lessee.work_state"), inGo)

	check := ask[string](l, "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'lessee.job_queue'::regclass and conname = 'job_queue_state_check'")
	var allowed []string
	for _, m := range regexp.MustCompile(`'([a-z_]+)'`).FindAllStringSubmatch(check, -1) {
		allowed = append(allowed, m[1])
	}
	same(t, "the CHECK of job_queue.state", allowed, live)
}

func TestTransitions_AreTheSameInTheDatabaseInGoAndInTheDocument(t *testing.T) {
	l := newLaw(t)
	words := map[string]bool{"enqueue": true}
	var inGo, documented []string
	for _, tr := range job.Transitions() {
		inGo = append(inGo, string(tr.From)+" "+string(tr.Word)+" "+string(tr.To))
		words[string(tr.Word)] = true
	}
	for _, row := range tableRows(t, "from") {
		documented = append(documented, strings.Join(row[:3], " "))
		for function := range strings.SplitSeq(row[3], ", ") {
			want(l, 1, "select count(*)::int from pg_proc where pronamespace = 'lessee'::regnamespace and proname = $1", function)
		}
	}
	same(t, "the document's transitions", documented, inGo)
	same(t, "work_state_transition", list[string](l, "select concat_ws(' ', from_state, word, to_state) from lessee.work_state_transition"), inGo)
	if len(words) != len(job.Words()) || len(words) != 16 {
		t.Errorf("%d words in transitions, %d in job.Words(), want 16", len(words), len(job.Words()))
	}
	for _, w := range job.Words() {
		if !words[string(w)] {
			t.Errorf("word %s leads nowhere", w)
		}
	}
}

func TestStates_TheDiagramDrawsOnlyListedTransitions(t *testing.T) {
	for _, m := range regexp.MustCompile(`(?m)^    ([a-z_]+) --> ([a-z_]+): (.*)$`).FindAllStringSubmatch(document(t), -1) {
		for word := range strings.SplitSeq(m[3], ", ") {
			if !slices.Contains(targets(job.State(m[1]), job.Word(word)), job.State(m[2])) {
				t.Errorf("the diagram draws %s --> %s: %s", m[1], m[2], word)
			}
		}
	}
}

func TestDefaults_AreTheSameInTheDatabaseAndInGo(t *testing.T) {
	l := newLaw(t)
	limits := strict[abi.Limits](t, ask[string](l, "select lessee.fn_default_limits()::text"))
	if limits != abi.DefaultLimits() {
		t.Errorf("fn_default_limits is %+v, abi.DefaultLimits %+v", limits, abi.DefaultLimits())
	}
	policy := strict[registry.RetryPolicy](t, ask[string](l, "select lessee.fn_default_retry_policy()::text"))
	if policy.MaxAttempts < 1 || policy.MaxCrashes < 1 || policy.BaseMS < 1 || policy.CapMS < policy.BaseMS || policy.Factor < 1 || len(policy.PermanentCodes) == 0 {
		t.Errorf("fn_default_retry_policy reads as %+v", policy)
	}
	want(l, true, "select lessee.fn_limits_error(lessee.fn_default_limits()) is null and lessee.fn_retry_policy_error(lessee.fn_default_retry_policy()) is null")
}

func TestJobOutcome_HasTheFieldsThatTheHostSends(t *testing.T) {
	l := newLaw(t)
	full := job.Outcome{Output: []byte("1"), Error: &abi.Error{}, RetryAfterMS: 1, Events: []abi.Event{{}}, Enqueue: []abi.FollowUp{{}},
		Commands: []abi.Command{{}}, Usage: &abi.Usage{}, Requests: []byte("[]"), LogTail: "x", ModuleDigest: "x"}
	data, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for name := range fields {
		sent = append(sent, name)
	}
	same(t, "lessee.job_outcome", list[string](l, "select attname::text from pg_attribute where attrelid = 'lessee.job_outcome'::regclass and attnum > 0 and not attisdropped"), sent)
}

func TestRowsOfTheWrongShapeAreRefusedByConstraints(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	id := l.enqueue("plain")
	for _, set := range []string{"state = 'leased'", "lease_id = 1, leased_at = now(), overdue_at = now()", "state = 'succeeded'", "state = 'running', lease_id = 1, leased_at = now(), overdue_at = now()", "attempt = -1", "max_attempts = 0"} {
		l.refused("23514", nil, "update lessee.job_queue set "+set+" where id = $1", id)
	}
}

// strict decodes JSON into a T that must know every field.
func strict[T any](t *testing.T, data string) (v T) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader([]byte(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return v
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func document(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(stateMachine)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tableRows are the cells of the document's table whose first column has that title.
func tableRows(t *testing.T, title string) (rows [][]string) {
	t.Helper()
	_, table, found := strings.Cut(document(t), "\n| "+title+" |")
	if !found {
		t.Fatalf("%s has no table of %s", stateMachine, title)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	for _, line := range strings.Split(table, "\n")[2:] {
		rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
	}
	return rows
}
