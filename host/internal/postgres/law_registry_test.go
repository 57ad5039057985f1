package postgres_test

import (
	"strings"
	"testing"
)

func TestModules_AreImmutableAndMatchTheirDigest(t *testing.T) {
	l := newLaw(t)
	for _, set := range []string{"bytes = 'x'", "version = '2'", "reason = 'typo'", "location = '/tmp/x', bytes = null"} {
		l.refused("23514", []string{"module renderer@1.0.0 is immutable", "new version"}, "update lessee.executor_module_registry set "+set)
	}
	const insert = "insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, location, size) values "
	digest := strings.Repeat("ab", 32)
	for values, constraint := range map[string]string{
		"('" + digest + "', 'a', '1', 'core', 'abc', null, 3)":                 "bytes_match_digest",
		"(encode(sha256('abc'), 'hex'), 'a', '1', 'core', 'abc', null, 4)":     "bytes_match_size",
		"('" + digest + "', 'a', '1', 'core', null, null, 3)":                  "bytes_or_location",
		"(encode(sha256('abc'), 'hex'), 'a', '1', 'core', 'abc', '/tmp/a', 3)": "bytes_or_location",
		"(upper('" + digest + "'), 'a', '1', 'core', null, '/tmp/a', 3)":       "sha256",
		"('" + digest + "', 'a', '1', 'native', null, '/tmp/a', 3)":            "abi",
		"('" + digest + "', 'A b', '1', 'core', null, '/tmp/a', 3)":            "name",
		"('" + digest + "', 'a', '1 2', 'core', null, '/tmp/a', 3)":            "version",
		"('" + digest + "', 'a', '1', 'core', null, '/tmp/a', 0)":              "size",
	} {
		l.refused("23514", []string{constraint}, insert+values)
	}
	l.refused("23505", []string{"name_version_is_immutable"}, insert+"('"+digest+"', 'renderer', '1.0.0', 'core', null, '/tmp/a', 3)")
	l.exec(insert + "('" + digest + "', 'renderer', '1.0.1', 'grpc', null, '/tmp/a', 3)")
}

// A class is created, which touches the registry, and then pointed at a module,
// in one transaction; a host reports on that module, which touches the registry too.
func TestClasses_CanBePointedAtAModuleThatAHostReportsOn(t *testing.T) {
	l := newLaw(t)
	digest := l.module("fresh", "1.0.0", []byte("fresh"))
	lease := l.lease()
	creating, _ := l.begin()
	if _, err := creating.Exec(t.Context(), "insert into lessee.executor_class_registry (class, runtime, owner, reason) values ('new', 'wasm', 'tests', 'a test')"); err != nil {
		t.Fatal(err)
	}
	reporting, pid := l.begin()
	reported := make(chan error, 1)
	go func() {
		_, err := reporting.Exec(t.Context(), "select lessee.fn_module_report($1, $2, 'refused', 'a test', '[]', null)", lease, digest)
		reported <- err
	}()
	l.blocked(pid)
	if _, err := creating.Exec(t.Context(), "update lessee.executor_class_registry set module_sha256 = $1 where class = 'new'", digest); err != nil {
		t.Error(err)
	}
	if err := creating.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-reported; err != nil {
		t.Error(err)
	}
}

func TestClasses_ThatCanNotWorkAreRefusedInASentence(t *testing.T) {
	l := newLaw(t)
	c := newCommander(l)
	c.command("works", "return p;")
	c.command("rests", "return p;")
	l.exec("update lessee.dot_function_registry set enabled = false where name = 'rests'")
	native := strings.Repeat("cd", 32)
	l.exec("insert into lessee.executor_module_registry (sha256, name, version, abi, location, size) values ($1, 'native', '1', 'grpc', '/tmp/a', 3)", native)
	l.class("plain", "")
	for set, says := range map[string]string{
		"module_sha256 = null":                                         "an enabled wasm class needs a module",
		"module_sha256 = '" + native + "'":                             "the module is not WASM",
		"runtime = 'go_plugin'":                                        "the module is not native",
		"runtime = 'go_plugin', module_sha256 = null":                  "an enabled go_plugin class needs a module",
		"runtime = 'human'":                                            "runtime human is not in this version",
		"runtime = 'command', module_sha256 = null":                    "an enabled command class needs a command",
		"runtime = 'command', module_sha256 = null, command = 'rests'": "command rests is disabled",
		"owner = ''":                                  "a class needs an owner and a reason",
		"reason = ''":                                 "a class needs an owner and a reason",
		"class = 'renamed'":                           "a class keeps its name",
		`process = '[]'`:                              "process must be a JSON object",
		`process = '{"cpu": 1}'`:                      "process.cpu is unknown; the keys are env, secrets",
		`process = '{"pool": 0}'`:                     "process.pool is 0; it must be a whole number from 1 to 1000",
		`process = '{"pids": "many"}'`:                `process.pids is "many"; it must be a whole number`,
		`process = '{"network": 1}'`:                  "process.network must be true or false",
		`process = '{"env": {"A": 1}}'`:               "process.env must be an object of strings",
		`process = '{"env": {"LD_PRELOAD": "x"}}'`:    "process.env: 'LD_PRELOAD' can't be the name of a variable, or is the host's own",
		`process = '{"secrets": {"a=b": "x"}}'`:       "process.secrets: 'a=b' can't be the name",
		`limits = '[]'`:                               "limits must be a JSON object",
		`limits = '{"wall": 1}'`:                      "limits.wall is unknown; the limits are command_ms, commands, events",
		`limits = '{"wall_ms": "1"}'`:                 `limits.wall_ms is "1"; it must be a whole number`,
		`limits = '{"wall_ms": 1.5}'`:                 "limits.wall_ms is 1.5; it must be a whole number",
		`limits = '{"wall_ms": null}'`:                "limits.wall_ms is null",
		`limits = '{"wall_ms": 0}'`:                   "limits.wall_ms must be from 1 to 86400000",
		`limits = '{"wall_ms": 1e300}'`:               "limits.wall_ms must be from 1 to 86400000",
		`limits = '{"memory_bytes": 1}'`:              "limits.memory_bytes must be from 65536",
		`limits = '{"events": 10001}'`:                "must be at most 10000",
		`retry_policy = '{"tries": 3}'`:               "retry_policy.tries is unknown",
		`retry_policy = '{"max_attempts": 0}'`:        "retry_policy.max_attempts must be a whole number from 1 to 1000",
		`retry_policy = '{"max_attempts": 2.5}'`:      "retry_policy.max_attempts must be a whole number",
		`retry_policy = '{"jitter": 2}'`:              "retry_policy.jitter must be from 0 to 1",
		`retry_policy = '{"factor": 0.5}'`:            "retry_policy.factor must be from 1 to 100",
		`retry_policy = '{"permanent_codes": "all"}'`: "retry_policy.permanent_codes must be an array of strings",
		`grants = '{"files": []}'`:                    "grants.files is unknown",
		`grants = '{"classes": "all"}'`:               "grants.classes must be an array of names",
		`payload_schema = '{"tpye": "object"}'`:       "payload_schema: ",
		`result_schema = '7'`:                         "result_schema: ",
	} {
		l.refused("23514", []string{"class plain: ", says}, "update lessee.executor_class_registry set "+set+" where class = 'plain'")
	}
}

func TestClasses_ThatConstraintsRefuse(t *testing.T) {
	l := newLaw(t)
	newCommander(l).command("works", "return p;")
	l.class("plain", "")
	for set, state := range map[string]string{
		"module_sha256 = '" + strings.Repeat("ef", 32) + "'":                "23503",
		"enabled = false, runtime = 'command'":                              "23514", // keeps its module
		"command = 'works'":                                                 "23514",
		"concurrency_per_host = 0":                                          "23514",
		"priority = 1001":                                                   "23514",
		"expires_after = interval '0'":                                      "23514",
		"idempotency_retention = interval '-1 day'":                         "23514",
		"runtime = 'command', module_sha256 = null, command = 'unheard of'": "23514",
		"enabled = false, runtime = 'command', module_sha256 = null, command = 'unheard of'": "23503",
	} {
		l.refused(state, nil, "update lessee.executor_class_registry set "+set+" where class = 'plain'")
	}
	for _, set := range []string{ // what is switched off may be unfinished
		"enabled = false, module_sha256 = null", "runtime = 'go_plugin'", "runtime = 'human'", "runtime = 'command'",
		"runtime = 'command', command = 'works', enabled = true",
	} {
		l.exec("update lessee.executor_class_registry set " + set + " where class = 'plain'")
	}
}

func TestClasses_TakeWholeNumbersHoweverTheyAreWritten(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `limits = '{"wall_ms": 30000.0, "events": 1e1, "input_bytes": 1000.000}', retry_policy = '{"max_attempts": 2.0, "max_crashes": 1.0, "jitter": 0.50}'`)
	want(l, `{"events": 10, "wall_ms": 30000, "input_bytes": 1000}`, "select limits::text from lessee.executor_class_registry")
	lease, _ := l.held("plain")
	l.lapse(lease)
	if n := l.rescue(); n != 1 {
		t.Errorf("rescued %d", n)
	}
}

func TestClasses_GoBackToPendingOnlyWhenWhatHostsRunHasChanged(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	report := func(lease int64, ready bool, reason any) {
		t.Helper()
		l.exec("select lessee.fn_class_report($1, 'plain', (select module_sha256 from lessee.executor_class_registry where class = 'plain'), $2, $3)", lease, ready, reason)
	}
	status := func(expected string) {
		t.Helper()
		want(l, expected, "select status from lessee.executor_class_registry where class = 'plain'")
	}
	version := func() int64 { return ask[int64](l, "select lessee.fn_registry_version()") }
	good, bad := l.lease(), l.lease()
	before := version()
	status("pending")
	report(good, true, nil)
	status("active")
	report(bad, false, nil)
	status("broken")
	report(good, true, "")
	status("broken") // one good host doesn't hide what another one suffers from
	l.exec("select lessee.fn_class_report($1, 'plain', 'another module', true, '')", bad)
	status("broken")
	report(bad, true, "")
	status("active")
	report(bad, false, "no memory")
	l.lapse(bad)
	report(bad, true, "")
	status("broken") // a host without a lease says nothing
	report(good, true, "")
	status("active") // and what it said doesn't outlive it
	if version() != before {
		t.Error("reports of hosts are news to hosts")
	}
	l.exec("update lessee.executor_class_registry set concurrency_per_host = 9, limits = limits, exit_path = 'switch it off'")
	status("active")
	if version() == before {
		t.Error("a changed concurrency is no news to hosts")
	}
	want(l, true, "select updated_by = session_user and updated_at > created_at from lessee.executor_class_registry")
	l.exec(`update lessee.executor_class_registry set config = '{"a": 1}'`)
	status("pending")
}

func TestSettings_RefuseWhatHostsCouldNotObey(t *testing.T) {
	l := newLaw(t)
	for name, values := range map[string][]string{
		"queue.notify.enabled": {`"yes"`, "1", "null"}, "queue.runtime.phase": {`"paused"`, "1"}, "queue.poll_ms": {"0", `"1000"`, "1e9"}, "lease.ttl_ms": {"0", "10", `"9s"`},
		"history.retention_days": {"0", "1.5", `"30 days"`, "4000"}, "history.partitions_ahead": {"0", "61", "null"},
	} {
		for _, value := range values {
			l.refused("23514", nil, "update lessee.runtime_setting set value = $1 where name = $2", value, name)
		}
	}
}
