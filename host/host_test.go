package host_test

import (
	"testing"
	"time"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

type object = map[string]any

func TestHost_RunsAJobFromRowToCommittedResult(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.guest(nil)
	i.host(nil)
	id := scan[int64](i, `select lessee.fn_job_enqueue('guest', '{"output": {"a": [1, 2]}}', p_traceparent => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')`)
	got := i.awaitState(id, job.Succeeded)
	if got.Attempt != 1 || got.Output == nil || *got.Output != `{"a": [1, 2]}` {
		t.Fatalf("job: %+v", got)
	}
	for column, want := range map[string]string{
		"module_sha256": digest, "trace_id": "0af7651916cd43dd8448eb211c80319c", "parent_span_id": "b7ad6b7169203331", "word": "succeed",
	} {
		if got := scan[string](i, "select "+column+" from lessee.job_attempt where job_id = $1", id); got != want {
			t.Errorf("attempt.%s is %s, not %s", column, got, want)
		}
	}
	if used := scan[int64](i, "select (usage ->> 'memory_bytes')::bigint from lessee.job_attempt where job_id = $1", id); used < 1<<16 {
		t.Errorf("peak memory is %d bytes", used)
	}
	await(t, func() bool {
		return scan[string](i, "select status from lessee.executor_class_registry where class = 'guest'") == "active"
	}, func() string { return "the class is not reported active" })
}

func TestHost_CommitsCommandsAndFollowUpsWithTheJob(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.command("note", "insert into note values (p_args ->> 'text'); return to_jsonb(current_user::text)")
	i.guest(map[string]any{"grants": object{"commands": []string{"note"}, "classes": []string{"guest", "noter"}}})
	i.exec(`insert into lessee.executor_class_registry (class, runtime, command, enabled, owner, reason) values ('noter', 'command', 'note', true, 'test', 'test')`)
	i.host(nil)
	id := i.enqueue("guest", payload(t, object{
		"commands": []object{{"name": "note", "args": object{"text": "from the guest"}}},
		"enqueue":  []object{{"class": "noter", "payload": object{"text": "from the follow-up"}}},
		"output":   "done",
	}))
	i.awaitState(id, job.Succeeded)
	child := scan[int64](i, "select job_id from lessee.job_payload where parent_job_id = $1", id)
	if got := i.awaitState(child, job.Succeeded); *got.Output != `"test_command"` {
		t.Errorf("the command ran as %s", *got.Output)
	}
	if n := scan[int](i, "select count(*) from test_command.note"); n != 2 {
		t.Errorf("%d notes, not 2", n)
	}
	denied := i.enqueue("guest", `{"commands": [{"name": "note", "args": {"text": "x"}}], "enqueue": [{"class": "secret"}]}`)
	i.awaitState(denied, job.DeadLettered)
	if code := i.code(denied); code != "not_granted" {
		t.Errorf("code %s", code)
	}
	if n := scan[int](i, "select count(*) from test_command.note"); n != 2 {
		t.Errorf("the refused job left an effect: %d notes", n)
	}
}

// command registers a plpgsql body as a command of role test_command, in its own schema.
func (i *installation) command(name, body string) {
	i.t.Helper()
	i.exec(`do $$ begin create role test_command nologin; exception when duplicate_object or unique_violation then null; end $$`)
	for _, sql := range []string{
		"create schema if not exists test_command authorization test_command",
		"grant usage on schema test_command to lessee_owner",
		"create table if not exists test_command.note (text text)",
		"alter table test_command.note owner to test_command",
		"create or replace function test_command." + name + "(p_args jsonb) returns jsonb language plpgsql security definer set search_path = pg_catalog, test_command as $$ begin " + body + "; end $$",
		"alter function test_command." + name + "(jsonb) owner to test_command",
		"insert into lessee.dot_function_registry (name, function, role, owner, reason) values ('" + name + "', 'test_command." + name + "(jsonb)', 'test_command', 'test', 'test')",
	} {
		i.exec(sql)
	}
}

func TestHost_FollowsTheRegistryWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	for _, notify := range []string{"true", "false"} {
		t.Run("notify "+notify, func(t *testing.T) {
			t.Parallel()
			i := install(t)
			i.exec("update lessee.runtime_setting set value = $1::jsonb where name = 'queue.notify.enabled'", notify)
			i.guest(nil)
			h, _ := i.host(nil)
			i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
			i.exec("update lessee.executor_class_registry set enabled = false where class = 'guest'")
			await(t, func() bool { return len(h.Health().Classes) == 0 }, func() string { return "the class stays" })
			id := i.enqueue("guest", `{}`)

			known := func() bool { _, known := h.Health().Classes["guest"]; return known }
			i.within2s("enabling", "update lessee.executor_class_registry set enabled = true where class = 'guest'", known)
			i.awaitState(id, job.Succeeded) // in its own time: the module has to be loaded again
			i.within2s("disabling", "update lessee.executor_class_registry set enabled = false where class = 'guest'", func() bool { return !known() })
			id = i.enqueue("guest", `{}`)
			if got := i.row(id); got.State != job.Ready {
				t.Errorf("a job of a disabled class is %s", got.State)
			}
		})
	}
}

// within2s does what sql says and times how long the host takes to follow.
func (i *installation) within2s(what, sql string, followed func() bool) {
	i.t.Helper()
	start := time.Now()
	i.exec(sql)
	await(i.t, followed, func() string { return what + " has no effect" })
	if took := time.Since(start); took > 2*time.Second {
		i.t.Errorf("%s took %s to take effect", what, took)
	}
}

func TestHost_EndsRunningJobsOnTheVersionTheyBeganWith(t *testing.T) {
	t.Parallel()
	i := install(t)
	first := i.guest(nil)
	second := i.module("guest", wasmtest.Build(t, "./testdata/guest2"))
	i.host(nil)
	old := i.enqueue("guest", `{"sleep_ms": 3000}`)
	await(t, func() bool { return i.row(old).State == job.Leased || i.row(old).State == job.Running }, func() string { return "not started" })
	i.point("guest", second)
	i.awaitTrue("the host is ready for the second module", switched)
	next := i.enqueue("guest", `{}`)
	i.awaitState(next, job.Succeeded)
	i.awaitState(old, job.Succeeded)
	for id, want := range map[int64]string{old: first, next: second} {
		if got := scan[string](i, "select module_sha256 from lessee.job_attempt where job_id = $1 order by fence desc limit 1", id); got != want {
			t.Errorf("job %d ran on %s, not %s", id, got[:8], want[:8])
		}
	}
	if fence := i.row(old).Fence; fence != 1 {
		t.Errorf("the running job was granted %d times", fence)
	}
}

func TestHost_ABrokenRowDisablesItsClassAndNothingElse(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.guest(nil)
	i.class("damaged", i.module("damaged", wasmtest.Build(t, "./testdata/guest2")), nil)
	i.class("noise", i.module("noise", []byte("this is no module")), nil)
	i.class("component", i.module("component", []byte("\x00asm\x0d\x00\x01\x00")), nil)
	// What constraints would refuse can still come by restore, or by a superuser's hand.
	i.exec("alter table lessee.executor_module_registry disable trigger all")
	i.exec("alter table lessee.executor_module_registry drop constraint bytes_match_digest")
	i.exec("update lessee.executor_module_registry set bytes = set_byte(bytes, 100, 255) where name = 'damaged'")
	i.exec("alter table lessee.executor_class_registry disable trigger all")
	i.exec(`insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason, limits) values ('odd', 'wasm', $1, true, 'test', 'test', '{"wall_ms": "soon"}')`, digest)
	i.exec(`insert into lessee.executor_class_registry (class, runtime, enabled, owner, reason) values ('native', 'go_plugin', true, 'test', 'test')`)
	i.exec("alter table lessee.executor_class_registry enable trigger all")

	h, _ := i.host(nil)
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
	for class, reason := range map[string]string{
		"damaged": "digest", "noise": "WebAssembly", "component": "component", "odd": "can't be read", "native": "needs a module",
	} {
		await(t, func() bool {
			return scan[bool](i, "select status = 'broken' and status_reason like '%' || $2 || '%' from lessee.executor_class_registry where class = $1", class, reason)
		}, func() string {
			return class + ": " + scan[string](i, "select status || ' ' || status_reason from lessee.executor_class_registry where class = $1", class)
		})
	}
	if health := h.Health(); !health.Ready || health.Classes["guest"] != (job.Readiness{Ready: true, Module: digest}) {
		t.Errorf("health: %+v", health)
	}
}

func TestHost_RunsAProgramColdAndSaysSoInTheRow(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.class("program", i.module("program", wasmtest.BuildCommand(t, "./testdata/guest")), nil)
	i.host(nil)
	got := i.awaitState(i.enqueue("program", `{"output": "from a program"}`), job.Succeeded)
	if *got.Output != `"from a program"` {
		t.Errorf("output %s", *got.Output)
	}
	await(t, func() bool {
		return scan[bool](i, "select status = 'active' and status_reason like 'runs cold%' from lessee.executor_class_registry where class = 'program'")
	}, func() string { return "the row does not say that it runs cold" })
}

func TestHost_StopsAGuestAtItsFuelAndRecordsWhatItUsed(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.module("hostile", wasmtest.Build(t, "./internal/wasm/testdata/hostile"))
	i.class("hostile", digest, map[string]any{"limits": object{"fuel": 50_000_000}, "retry_policy": object{"max_attempts": 1}})
	i.host(nil)
	id := i.enqueue("hostile", `{"mode": "loop"}`)
	i.awaitState(id, job.DeadLettered)
	if code := i.code(id); code != "limit_fuel" {
		t.Errorf("code %s", code)
	}
	if used := scan[int64](i, "select (usage ->> 'fuel')::bigint from lessee.job_attempt where job_id = $1", id); used < 50_000_000 || used > 51_000_000 {
		t.Errorf("it used %d of 50000000", used)
	}
}

func TestHost_CancelsARunningJobAtOnce(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	i.host(nil)
	id := i.enqueue("guest", `{"sleep_ms": 20000}`)
	i.awaitState(id, job.Leased, job.Running)
	if answer := scan[string](i, "select lessee.fn_job_cancel($1)", id); answer != "requested" {
		t.Fatalf("cancel answered %s", answer)
	}
	start := time.Now()
	i.awaitState(id, job.Cancelled)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("cancelling took %s", took)
	}
}

func TestHost_InPhaseStoppedGivesBackWhatRunsAndClaimsNothing(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	h, _ := i.host(nil)
	running := i.enqueue("guest", `{"sleep_ms": 20000}`)
	i.awaitState(running, job.Leased, job.Running)
	i.exec(`update lessee.runtime_setting set value = '"stopped"' where name = 'queue.runtime.phase'`)
	if got := i.awaitState(running, job.Ready); got.Attempt != 0 || got.Crashes != 0 {
		t.Errorf("an attempt was burned: %+v", got)
	}
	if health := h.Health(); health.Ready || health.Phase != registry.PhaseStopped {
		t.Errorf("health: %+v", health)
	}
	i.exec(`update lessee.runtime_setting set value = '"running"' where name = 'queue.runtime.phase'`)
	i.awaitState(running, job.Leased, job.Running)
}

func TestHost_StopsInTwoStages(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	h, stop := i.host(func(c *host.Config) { c.Grace = 2 * time.Second })
	short, long := i.enqueue("guest", `{"sleep_ms": 700}`), i.enqueue("guest", `{"sleep_ms": 25000}`)
	// What was granted and not begun goes back at once.
	await(t, func() bool { return h.Health().Running == 2 }, func() string { return "the jobs don't begin" })
	stop()
	if got := i.row(short); got.State != job.Succeeded {
		t.Errorf("within the grace: %+v", got)
	}
	if got := i.row(long); got.State != job.Ready || got.Attempt != 0 || got.Crashes != 0 {
		t.Errorf("past the grace: %+v", got)
	}
	if n := scan[int](i, "select count(*) from lessee.dot_iu_runtime_lease where end_reason = 'closed'"); n != 1 {
		t.Errorf("%d leases closed in order", n)
	}
}
