package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// commander makes commands in a schema of their own, under a role of their own,
// with one table to leave their effects in.
type commander struct {
	*law
	role string
}

func newCommander(l *law) *commander {
	l.Helper()
	c := &commander{law: l, role: "command_" + nextHost()}
	l.exec("create role " + c.role)
	l.Cleanup(func() {
		if _, err := l.db.Exec(context.WithoutCancel(l.Context()), "drop owned by "+c.role+" cascade; drop role "+c.role); err != nil {
			l.Errorf("drop role %s: %v", c.role, err)
		}
	})
	l.exec("create schema commands; grant usage on schema commands to lessee_owner, " + c.role)
	l.exec("create table commands.effect (note text primary key, positive int check (positive > 0), later int unique deferrable initially deferred)")
	l.exec("alter table commands.effect owner to " + c.role)
	return c
}

// function makes a function that can serve as a command.
func (c *commander) function(name, body string) {
	c.Helper()
	c.exec(fmt.Sprintf(`create or replace function commands.%s(p jsonb) returns jsonb language plpgsql security definer
		set search_path = pg_catalog, commands, pg_temp as $f$ begin %s end $f$`, name, body))
	c.exec(fmt.Sprintf("alter function commands.%s(jsonb) owner to %s", name, c.role))
}

// command makes and registers one.
func (c *commander) command(name, body string) {
	c.Helper()
	c.function(name, body)
	c.exec(`insert into lessee.dot_function_registry (name, function, role, owner, reason) values ($1, ($2 || '(jsonb)')::regprocedure, $3, 'tests', 'a test')`,
		name, "commands."+name, c.role)
}

// runs makes a class whose jobs are runs of the command.
func (c *commander) runs(class, command, set string) {
	c.Helper()
	c.exec(`insert into lessee.executor_class_registry (class, runtime, command, enabled, owner, reason) values ($1, 'command', $2, true, 'tests', 'a test')`, class, command)
	if set != "" {
		c.exec("update lessee.executor_class_registry set "+set+" where class = $1", class)
	}
}

func TestCommand_ThatOutrunsItsTimeFailsItsJobAndTheTransactionSurvives(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("note", "insert into effect (note) values (p ->> 'note'); return p;")
	c.command("sleeps", "perform pg_sleep(60); return p;")
	l.class("plain", `grants = '{"commands": ["note", "sleeps"]}'`)
	c.runs("sleeper", "sleeps", "")
	lease, j := l.held("plain")
	l.enqueue("sleeper")
	slow := outcome(l.claimOne(lease, "sleeper"), job.Succeed)
	o := outcome(j, job.Succeed)
	o.Commands = []abi.Command{{Name: "note", Args: json.RawMessage(`{"note": "undone"}`)}, {Name: "sleeps", Args: json.RawMessage(`{"long": true}`)}}
	for _, late := range []job.Outcome{o, slow} {
		verdicts, err := l.store.Commit(t.Context(), lease, []job.Outcome{late}, 50*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		l.expect(verdicts[0], job.Changed, job.RetryWait, "command_timeout")
	}
	want(l, 0, "select count(*)::int from commands.effect")
	want(l, "sleeps {\"long\": true}", "select command || ' ' || args from lessee.dot_iu_command_run where job_id = $1 and error ->> 'code' = 'command_timeout'", j.ID)
	want(l, "sleeps {}", "select command || ' ' || args from lessee.dot_iu_command_run where job_id = $1 and not succeeded", slow.JobID)
}

func TestCommit_ThatIsCancelledFromOutsideChangesNothing(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("sleeps", "perform pg_advisory_xact_lock(4711); return p;")
	c.runs("sleeper", "sleeps", "")
	lease, j := l.held("sleeper")
	lock, _ := l.begin()
	if _, err := lock.Exec(t.Context(), "select pg_advisory_xact_lock(4711)"); err != nil {
		t.Fatal(err)
	}
	before := l.image()
	tx, pid := l.begin()
	data, _ := json.Marshal([]job.Outcome{outcome(j, job.Succeed)})
	done := make(chan error, 1)
	go func() {
		_, err := tx.Exec(context.Background(), "select * from lessee.fn_job_commit($1, $2)", lease, string(data))
		done <- err
	}()
	l.blocked(pid)
	want(l, true, "select pg_cancel_backend($1)", pid)
	l.isRefusal(<-done, "57014")
	_ = tx.Rollback(t.Context()) // it failed, so there is nothing else to do with it
	if l.image() != before {
		t.Error("a cancelled commit changed a row")
	}
}

func TestCommand_RunsUnderItsOwnRoleAndCanDoNoMoreThanThatRole(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("whoami", "return to_jsonb(current_user::text);")
	c.runs("who", "whoami", "")
	lease, j := l.held("who")
	l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Accepted, job.Succeeded, "")
	want(l, c.role, "select output #>> '{}' from lessee.job where id = $1", j.ID)

	for name, body := range map[string]string{
		"commits":       "commit; return p;",
		"rolls_back":    "rollback; return p;",
		"sets_role":     "set local role lessee_owner; return p;",
		"resets_role":   "reset role; return p;",
		"sets_session":  "set session authorization lessee_owner; return p;",
		"reads_jobs":    "perform from lessee.job_payload; return p;",
		"writes_jobs":   "delete from lessee.job_queue; return p;",
		"reads_view":    "perform from lessee.job; return p;",
		"enqueues":      "perform lessee.fn_job_enqueue('who'); return p;",
		"commits_jobs":  "perform lessee.fn_job_commit(1, '[]'); return p;",
		"runs_commands": "perform lessee.fn_command_run(null, '', '', 'whoami', '{}'); return p;",
		"makes_tables":  "create table lessee.mine (i int); return p;",
	} {
		c.command(name, body)
		c.runs(name, name, "")
		lease, j := l.held(name)
		v := l.commit(lease, outcome(j, job.Succeed))[0]
		l.expect(v, job.Changed, job.RetryWait, "command_failed")
		want(l, 1, "select count(*)::int from lessee.dot_iu_command_run where job_id = $1 and command = $2 and not succeeded", j.ID, name)
	}
	want(l, c.role, "select output #>> '{}' from lessee.job where id = $1", j.ID)
	l.sound()
}

func TestCommand_CanNotOutliveItsCommitByChangingSettings(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("hijacks", `create temp table executor_class_registry (class text); create temp table job_queue (id int);
		perform set_config('search_path', 'pg_temp', true), set_config('statement_timeout', '0', true); return p;`)
	c.runs("hijack", "hijacks", "")
	lease, j := l.held("hijack")
	l.enqueue("hijack")
	second := l.claimOne(lease, "hijack")
	l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Accepted, job.Succeeded, "")
	l.expect(l.commit(lease, outcome(second, job.Release))[0], job.Accepted, job.Ready, "")
}

func TestCommand_IsRefusedWithTheReasonUnlessItRunsUnderItsOwnRole(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	const good = "language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin return p; end'"
	register := func(name, role, owner, reason string) error {
		_, err := l.db.Exec(t.Context(), "insert into lessee.dot_function_registry (name, function, role, owner, reason) values ('c', $1::regproc::oid, $2, $3, $4)", name, role, owner, reason)
		return err
	}
	for name, tc := range map[string]struct{ create, owner, says string }{
		"takes_text":     {"(p text) returns jsonb language sql security definer set search_path = pg_catalog as 'select ''1''::jsonb'", c.role, "must take one jsonb and return jsonb"},
		"takes_two":      {"(p jsonb, q jsonb default '1') returns jsonb " + good, c.role, "must take one jsonb"},
		"takes_none":     {"() returns jsonb language sql security definer set search_path = pg_catalog as 'select ''1''::jsonb'", c.role, "must take one jsonb"},
		"returns_text":   {"(p jsonb) returns text " + good, c.role, "return jsonb"},
		"returns_set":    {"(p jsonb) returns setof jsonb language sql security definer set search_path = pg_catalog as 'select p'", c.role, "return jsonb"},
		"invoker":        {"(p jsonb) returns jsonb language sql set search_path = pg_catalog as 'select p'", c.role, "must be SECURITY DEFINER"},
		"free_path":      {"(p jsonb) returns jsonb language sql security definer as 'select p'", c.role, "must fix its search_path"},
		"of_another":     {"(p jsonb) returns jsonb " + good, "pg_monitor", "is owned by pg_monitor, the row says " + c.role},
		"of_a_superuser": {"(p jsonb) returns jsonb " + good, "", "owner is a superuser"},
		"of_lessee":      {"(p jsonb) returns jsonb " + good, "lessee_owner", "is one of Lessee's own"},
	} {
		l.exec("create function commands." + name + tc.create)
		role := c.role
		switch tc.owner {
		case "":
			role = ask[string](l, "select current_user::text")
		case "lessee_owner":
			role = tc.owner
			fallthrough
		default:
			l.exec("grant create on schema commands to " + tc.owner)
			l.exec("alter function commands." + name + " owner to " + tc.owner)
		}
		l.isRefusal(register("commands."+name, role, "tests", "a test"), "23514", "command c: ", tc.says)
	}
	c.function("fine", "return p;")
	l.isRefusal(register("commands.fine", c.role, "", "a test"), "23514", "needs an owner and a reason")
	l.exec("revoke execute on function commands.fine from public")
	l.isRefusal(register("commands.fine", c.role, "tests", "a test"), "23514", "GRANT EXECUTE ON FUNCTION commands.fine(jsonb) TO lessee_owner")
	l.exec("grant execute on function commands.fine to lessee_owner; revoke usage on schema commands from lessee_owner")
	l.isRefusal(register("commands.fine", c.role, "tests", "a test"), "23514", "GRANT USAGE ON SCHEMA commands TO lessee_owner")
	l.exec("grant usage on schema commands to lessee_owner; grant lessee_owner to " + c.role)
	l.isRefusal(register("commands.fine", c.role, "tests", "a test"), "23514", "is a member of lessee_owner")
	l.exec("revoke lessee_owner from " + c.role)
	if err := register("commands.fine", c.role, "tests", "a test"); err != nil {
		t.Error(err)
	}
}

func TestCommand_ThatChangedSinceItWasRegisteredDoesNotRun(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("traitor", "return to_jsonb(current_user::text);")
	c.command("vanishes", "return p;")
	c.command("switched_off", "return p;")
	for _, class := range []string{"traitor", "vanishes"} {
		c.runs(class, class, "")
	}
	l.class("plain", `grants = '{"commands": ["switched_off"]}'`)
	l.exec("alter function commands.traitor security invoker; drop function commands.vanishes; update lessee.dot_function_registry set enabled = false where name = 'switched_off'")
	for class, says := range map[string]string{"traitor": "must be SECURITY DEFINER", "vanishes": "does not exist", "plain": "not registered, or disabled"} {
		lease, j := l.held(class)
		o := outcome(j, job.Succeed)
		if class == "plain" {
			o.Commands = []abi.Command{{Name: "switched_off"}}
		}
		v := l.commit(lease, o)[0]
		l.expect(v, job.Changed, job.DeadLettered, "not_registered")
		if !strings.Contains(v.Message, says) {
			t.Errorf("%s: %s", class, v.Message)
		}
	}
}

func TestClaim_WaitsWhileTheCommandOfItsClassIsSwitchedOff(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("rests", "return p;")
	c.runs("rest", "rests", "")
	l.enqueue("rest")
	l.exec("update lessee.dot_function_registry set enabled = false")
	if jobs := l.claim(l.lease(), "rest", 1); len(jobs) > 0 {
		t.Errorf("claimed %+v", jobs)
	}
	l.exec("update lessee.dot_function_registry set enabled = true")
	l.claimOne(l.lease(), "rest")
}

func TestCommand_ThatReturnsMoreThanTheClassTakesFailsItsJob(t *testing.T) {
	c := newCommander(newLaw(t))
	l := c.law
	c.command("babbles", "insert into effect (note) values ('said'); return to_jsonb(repeat('x', 100));")
	c.runs("babble", "babbles", `limits = '{"output_bytes": 50}'`)
	lease, j := l.held("babble")
	l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Changed, job.RetryWait, "limit_output")
	want(l, 0, "select count(*)::int from commands.effect")
}
