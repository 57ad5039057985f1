package postgres_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// batchCase is one outcome of a mixed batch, and what must come of it.
type batchCase struct {
	name    string
	spoil   func(o *job.Outcome, note string)
	verdict string
	state   job.State
	code    string
	effects int // rows in commands.effect
	runs    int // rows in dot_iu_command_run
}

// following asks for one good follow-up and one that may not be, beside a command.
func following(class, payload string) func(*job.Outcome, string) {
	return func(o *job.Outcome, note string) {
		o.Commands = []abi.Command{{Name: "note", Args: json.RawMessage(`{"note": "` + note + `"}`)}}
		o.Enqueue = []abi.FollowUp{{Class: "plain"}, {Class: class, Payload: json.RawMessage(payload)}}
	}
}

// commanding asks for one good command and one that may not be.
func commanding(name string) func(*job.Outcome, string) {
	return func(o *job.Outcome, note string) {
		o.Commands = []abi.Command{{Name: "note", Args: json.RawMessage(`{"note": "before ` + note + `"}`)}, {Name: name, Args: json.RawMessage(`{"note": "` + note + `"}`)}}
	}
}

// noting asks for good commands, and changes something else.
func noting(change func(o *job.Outcome)) func(*job.Outcome, string) {
	return func(o *job.Outcome, note string) {
		commanding("note")(o, note)
		change(o)
	}
}

func batchCases() []batchCase {
	return []batchCase{
		{"fine", commanding("note"), job.Accepted, job.Succeeded, "", 2, 2},
		{"fine with a follow-up", following("plain", "null"), job.Accepted, job.Succeeded, "", 1, 1},
		{"stale fence", noting(func(o *job.Outcome) { o.Fence++ }), job.Stale, "", "not_held", 0, 0},
		{"raises", commanding("raises"), job.Changed, job.RetryWait, "command_failed", 0, 1},
		{"divides by zero", commanding("divides"), job.Changed, job.RetryWait, "command_failed", 0, 1},
		{"breaks a constraint", commanding("breaks"), job.Changed, job.RetryWait, "command_failed", 0, 1},
		{"fails an assertion", commanding("asserts"), job.Changed, job.RetryWait, "command_failed", 0, 1},
		{"raises query_canceled", commanding("pretends"), job.Changed, job.RetryWait, "command_failed", 0, 1},
		{"breaks a deferred constraint", commanding("breaks_later"), job.Changed, job.RetryWait, "command_failed", 0, 1},
		{"breaks its result schema", noting(func(o *job.Outcome) { o.Output = json.RawMessage(`{"n": "one"}`) }),
			job.Changed, job.DeadLettered, "result_schema", 0, 0},
		{"command not granted", commanding("secret"), job.Changed, job.DeadLettered, "not_granted", 0, 0},
		{"command not registered", commanding("gone"), job.Changed, job.DeadLettered, "not_registered", 0, 0},
		{"class not granted", following("secret", "{}"), job.Changed, job.DeadLettered, "not_granted", 0, 0},
		{"class not registered", following("nowhere", "{}"), job.Changed, job.DeadLettered, "not_registered", 0, 0},
		{"follow-up against its schema", following("narrow", "1"), job.Changed, job.DeadLettered, "payload_invalid", 0, 0},
		{"follow-up too large", following("plain", `"`+strings.Repeat("x", 1000)+`"`), job.Changed, job.DeadLettered, "limit_input", 0, 0},
		{"too many follow-ups", func(o *job.Outcome, note string) {
			following("plain", "{}")(o, note)
			o.Enqueue = append(o.Enqueue, abi.FollowUp{Class: "plain"})
		}, job.Changed, job.DeadLettered, "limit_effects", 0, 0},
		{"an event of no type", noting(func(o *job.Outcome) { o.Events = []abi.Event{{Type: "unheard"}} }),
			job.Changed, job.DeadLettered, "not_registered", 0, 0},
		{"fails by itself", func(o *job.Outcome, _ string) { o.Word, o.Error = job.Retry, abi.Errorf("mine", "not now") }, job.Accepted, job.RetryWait, "mine", 0, 0},
		{"parks with effects", noting(func(o *job.Outcome) { o.Word, o.Output = job.Park, nil }), job.Accepted, job.Waiting, "", 2, 2},
	}
}

// newBatchLaw registers the commands and classes that the cases name.
func newBatchLaw(t *testing.T) *commander {
	t.Helper()
	c := newCommander(newLaw(t))
	c.command("note", "insert into effect (note) values (p ->> 'note'); return p;")
	c.command("raises", "insert into effect (note) values (p ->> 'note'); raise exception 'no, thanks'; return p;")
	c.command("divides", "insert into effect (note) values (p ->> 'note'); return to_jsonb(1 / 0);")
	c.command("breaks", "insert into effect (note, positive) values (p ->> 'note', -1); return p;")
	c.command("asserts", "insert into effect (note) values (p ->> 'note'); assert false, 'never'; return p;")
	c.command("pretends", "insert into effect (note) values (p ->> 'note'); raise query_canceled using message = 'nobody did'; return p;")
	c.command("breaks_later", "insert into effect (note, later) values (p ->> 'note', 1), ((p ->> 'note') || ' again', 1); return p;")
	c.command("secret", "insert into effect (note) values (p ->> 'note'); return p;")
	c.class("plain", `grants = '{"classes": ["plain", "nowhere", "narrow"], "commands": ["note", "raises", "divides", "breaks", "asserts", "pretends", "breaks_later", "gone"]}',
		result_schema = '{"type": "object", "properties": {"n": {"type": "integer"}}}', limits = '{"follow_ups": 2, "input_bytes": 1000}'`)
	c.class("narrow", `payload_schema = '{"type": "string"}'`)
	return c
}

func TestCommit_OfIDsThatNoJobHasLeavesTheOthers(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	lease := l.lease()
	good := l.claim(lease, "plain", 1)[0]
	lowest, highest := good, good
	lowest.ID, highest.ID = math.MinInt64, math.MaxInt64
	verdicts := l.commit(lease, outcome(lowest, job.Succeed), outcome(good, job.Succeed), outcome(highest, job.Succeed))
	l.expect(verdicts[0], job.Stale, "", "not_held")
	l.expect(verdicts[1], job.Accepted, job.Succeeded, "")
	l.expect(verdicts[2], job.Stale, "", "not_held")
}

func TestCommit_OfAMixedBatchJudgesEachJobByItself(t *testing.T) {
	c := newBatchLaw(t)
	l, cases := c.law, batchCases()
	const size = 500
	l.exec("select lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object('class', 'plain')) from generate_series(1, $1)))", size)
	lease := l.lease()
	jobs := l.claim(lease, "plain", size)
	if len(jobs) != size {
		t.Fatalf("claimed %d jobs", len(jobs))
	}
	outcomes := make([]job.Outcome, size)
	for i, j := range jobs {
		outcomes[i] = outcome(j, job.Succeed)
		outcomes[i].Output = json.RawMessage(`{"n": 1}`)
		cases[i%len(cases)].spoil(&outcomes[i], fmt.Sprintf("job %d", j.ID))
	}
	tx, _ := l.begin()
	if _, err := tx.Exec(t.Context(), "set constraints all immediate"); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(outcomes)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := l.commitOn(tx, lease, string(data))
	if err := tx.Commit(t.Context()); err != nil || len(verdicts) != size {
		t.Fatalf("%d verdicts, %v", len(verdicts), err)
	}
	for i, v := range verdicts {
		l.bears(cases[i%len(cases)], v)
	}
	fine := size / len(cases)
	want(l, 2*fine, "select count(*)::int from lessee.job_payload where parent_job_id is not null")
	want(l, fine, "select count(*)::int from lessee.job_payload where parent_job_id is not null and payload = 'null'")
	want(l, 0, `select count(*)::int from lessee.dot_iu_command_run r
		where role <> $1 or args ->> 'note' not like '%job ' || job_id or succeeded <> (command = 'note') or ended_at < started_at
		or span_id <> (select span_id from lessee.job_attempt a where a.job_id = r.job_id and a.fence = r.fence)
		or trace_id <> (select trace_id from lessee.job_payload p where p.job_id = r.job_id)`, c.role)
	l.sound()
}

// bears checks the verdict of a case, and that its effects are all there or none.
func (l *law) bears(tc batchCase, v job.Verdict) {
	l.Helper()
	if v.Verdict != tc.verdict || v.State != tc.state || string(v.Code) != tc.code {
		l.Errorf("%s: %s, %s, %s (%s)", tc.name, v.Verdict, v.State, v.Code, v.Message)
	}
	var effects, runs int
	err := l.db.QueryRow(l.Context(), `select (select count(*) from commands.effect where note ~ ('job ' || $1::bigint || '( |$)')),
		(select count(*) from lessee.dot_iu_command_run where job_id = $1::bigint)`, v.JobID).Scan(&effects, &runs)
	if err != nil || effects != tc.effects || runs != tc.runs {
		l.Errorf("%s: %d effects, %d command runs, %v; want %d, %d", tc.name, effects, runs, err, tc.effects, tc.runs)
	}
}
