package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestJobEnqueue_RefusesWithTheReasonAndTheRemedy(t *testing.T) {
	i := install(t)
	i.class("page")
	i.exec(`update lessee.executor_class_registry set payload_schema = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}' where class = 'page'`)
	i.exec(`insert into lessee.executor_class_registry (class, runtime, owner, reason) values ('off', 'wasm', 'test', 'under repair')`)
	good := `{"n": 1}`
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"an unknown class":         {[]string{"nope"}, ExitNotFound, []string{`class "nope" is not registered`, "lessee class list"}},
		"a disabled class":         {[]string{"off"}, ExitRefused, []string{"class off is disabled (under repair)", "lessee class enable off"}},
		"no JSON":                  {[]string{"page", "--payload", "{n: 1}"}, ExitRefused, []string{"--payload is not JSON", "line 1, column 2", "@file"}},
		"a missing file":           {[]string{"page", "--payload", "@/nowhere"}, ExitRefused, []string{"/nowhere"}},
		"a broken schema":          {[]string{"page", "--payload", `{"n": "x"}`}, ExitRefused, []string{"breaks the schema of class page", "/n ", "lessee class show"}},
		"a malformed traceparent":  {[]string{"page", "--payload", good, "--traceparent", "00-xyz"}, ExitRefused, []string{"traceparent", "malformed", "Leave it out"}},
		"an all-zero trace":        {[]string{"page", "--payload", good, "--traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01"}, ExitRefused, []string{"malformed"}},
		"a tracestate not ASCII":   {[]string{"page", "--payload", good, "--tracestate", "a=ü"}, ExitRefused, []string{"tracestate must be printable ASCII"}},
		"a priority out of range":  {[]string{"page", "--payload", good, "--priority", "5000"}, ExitRefused, []string{"priority is 5000", "0 (first) to 1000 (last)"}},
		"a time that is none":      {[]string{"page", "--payload", good, "--run-at", "tomorrow"}, ExitUsage, []string{"--run-at tomorrow", "2026-01-31T08:00:00Z"}},
		"a key that is too long":   {[]string{"page", "--payload", good, "--key", strings.Repeat("k", 600)}, ExitRefused, []string{"from 1 to 512 bytes"}},
		"a payload over the limit": {[]string{"page", "--payload", `{"n": 1, "x": "` + strings.Repeat("x", 2<<20) + `"}`}, ExitRefused, []string{"class page takes at most 1048576"}},
		"no class":                 {nil, ExitUsage, []string{"lessee job enqueue --help"}},
		"two classes":              {[]string{"a", "b"}, ExitUsage, []string{"accepts 1 arg(s)"}},
	} {
		t.Run(name, func(t *testing.T) {
			i.run(append([]string{"job", "enqueue"}, c.args...)...).want(t, c.code, c.says...)
		})
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestJobEnqueue_RefusesAPayloadOf100MBWithoutSendingIt(t *testing.T) {
	i := install(t)
	lesseeIn(t, nil, io.LimitReader(endless('1'), 100<<20), "--dsn", i.operator, "job", "enqueue", "page", "--payload", "-").
		want(t, ExitRefused, "64 MiB", "send a reference")
}

func TestJobEnqueue_TakesADisabledClassWhenAsked(t *testing.T) {
	i := install(t)
	i.exec(`insert into lessee.executor_class_registry (class, runtime, owner, reason) values ('off', 'wasm', 'test', 'under repair')`)
	i.run("job", "enqueue", "off", "--even-if-disabled").want(t, ExitOK)
	i.run("doctor").want(t, ExitOK, "class off is disabled and has ready jobs")
}

func TestDatabase_UnusableOnesAreToldApart(t *testing.T) {
	i := install(t)
	newer := install(t)
	newer.exec("insert into lessee.schema_migration (version_id, is_applied) values (9999, true)")
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"nobody answers":            {[]string{"--dsn", "postgres://nobody@127.0.0.1:1/x?connect_timeout=2", "job", "list"}, []string{"Postgres does not answer", "--dsn, LESSEE_DSN"}},
		"the host is not answered":  {[]string{"--dsn", "postgres://nobody@127.0.0.1:1/x?connect_timeout=2", "host"}, []string{"Postgres does not answer"}},
		"the DSN is nonsense":       {[]string{"--dsn", "postgres://%zz", "job", "list"}, []string{"the DSN can't be read"}},
		"not migrated":              {[]string{"--dsn", empty(t), "job", "list"}, []string{"not migrated", "lessee migrate up"}},
		"not migrated, for a host":  {[]string{"--dsn", empty(t), "host", "--health-addr="}, []string{"not migrated", "lessee migrate up"}},
		"newer":                     {[]string{"--dsn", newer.operator, "job", "list"}, []string{"migration 9999", "newer lessee binary"}},
		"newer, for a host":         {[]string{"--dsn", newer.login("cli_host", "lessee_host"), "host", "--health-addr="}, []string{"migration 9999", "newer lessee binary"}},
		"newer, for migrate":        {[]string{"--dsn", newer.super, "migrate", "up"}, []string{"migration 9999", "newer lessee binary"}},
		"newer, for up":             {[]string{"--dsn", newer.super, "up", "--once"}, []string{"migration 9999", "newer lessee binary"}},
		"a login without roles":     {[]string{"--dsn", i.login("cli_nobody", ""), "job", "list"}, []string{"permission denied", "lessee_operator"}},
		"an unknown login":          {[]string{"--dsn", asLogin(t, i.super, "cli_stranger"), "job", "list"}, []string{"cli_stranger", "DSN"}},
		"a reader who would cancel": {[]string{"--dsn", i.login("cli_reader", "lessee_reader"), "job", "cancel", "1"}, []string{"permission denied", "lessee_operator"}},
		"no database yet":           {[]string{"--data-dir", t.TempDir(), "job", "list"}, []string{"there is no database yet: run `lessee up`, or give --dsn"}},
		"no database yet, doctor":   {[]string{"--data-dir", t.TempDir(), "doctor"}, []string{"run `lessee up`"}},
	} {
		t.Run(name, func(t *testing.T) { lessee(t, c.args...).want(t, ExitUnreachable, c.says...) })
	}
}

func TestModuleAdd_RefusesWhatNoHostCouldRun(t *testing.T) {
	i := install(t)
	for name, c := range map[string]struct {
		bytes []byte
		code  int
		says  string
	}{
		"no WebAssembly":           {[]byte("#!/bin/sh\n"), ExitRefused, "this is no WebAssembly"},
		"a component":              {[]byte("\x00asm\x0d\x00\x01\x00"), ExitRefused, "this is a component"},
		"another binary version":   {[]byte("\x00asm\x02\x00\x00\x00"), ExitRefused, "binary version 2"},
		"neither contract":         {[]byte("\x00asm\x01\x00\x00\x00"), ExitRefused, "lessee_execute"},
		"imports of another ABI":   {importing("lessee_v2", "log"), ExitRefused, "lessee_v2.log"},
		"a module cut in half":     {commandModule("x")[:20], ExitRefused, "damaged"},
		"a module of one function": {commandModule("ok"), ExitOK, "contract command"},
	} {
		t.Run(name, func(t *testing.T) {
			i.run("module", "add", write(t, "guest.wasm", c.bytes)).want(t, c.code, c.says)
		})
	}
	i.run("module", "add", "/nowhere.wasm").want(t, ExitRefused, "/nowhere.wasm")
}

func TestModuleAdd_KeepsAVersionImmutable(t *testing.T) {
	i := install(t)
	first, second := write(t, "first.wasm", commandModule("1")), write(t, "second.wasm", commandModule("2"))
	i.run("module", "add", first, "--name", "guest", "--version", "1.0").want(t, ExitOK, "module guest@1.0 is registered")
	i.run("module", "add", first).want(t, ExitOK, "module guest@1.0 was registered before")
	i.run("module", "add", second, "--name", "guest", "--version", "1.0").want(t, ExitRefused, "guest@1.0 is registered with other bytes", "--version")
	i.run("module", "add", second, "--name", "Guest!").want(t, ExitRefused, `the name "Guest!"`, "--name")
	i.run("module", "add", second, "--name", "guest", "--version", "1 0").want(t, ExitRefused, `the version "1 0"`)
}

func TestModuleVerify_FindsBytesThatAreNotTheDigests(t *testing.T) {
	i := install(t)
	i.run("module", "add", write(t, "guest.wasm", commandModule("1")), "--version", "1").want(t, ExitOK)
	i.run("module", "verify").want(t, ExitOK, "guest@1", "ok")
	i.exec("alter table lessee.executor_module_registry drop constraint bytes_match_digest, drop constraint bytes_match_size, disable trigger module_check")
	i.exec("update lessee.executor_module_registry set bytes = bytes || '\\x00'")
	i.run("module", "verify", "guest@1").want(t, ExitFailure, "WRONG", "disable its classes")
	i.run("module", "verify", "guest@2").want(t, ExitNotFound, `module "guest@2" is not registered`)
}

func TestClassSet_RefusesWithTheReasonAndTheRemedy(t *testing.T) {
	i := install(t)
	i.class("page")
	create := []string{"new", "--runtime", "wasm", "--owner", "me", "--reason", "r"}
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"no reason":               {[]string{"page", "--priority", "1"}, ExitUsage, []string{"--reason is missing"}},
		"an unknown class":        {[]string{"nope", "--reason", "r"}, ExitNotFound, []string{"--runtime and --owner"}},
		"a wrong digest":          {[]string{"page", "--module", strings.Repeat("ab", 32), "--reason", "r"}, ExitNotFound, []string{"is not registered", "lessee module list"}},
		"an unknown module":       {[]string{"page", "--module", "a@1", "--reason", "r"}, ExitNotFound, []string{`module "a@1" is not registered`}},
		"an unknown limit":        {append(create, "--limit", "wal_ms=1"), ExitRefused, []string{"limits.wal_ms is unknown", "wall_ms"}},
		"a limit out of range":    {append(create, "--limit", "wall_ms=0"), ExitRefused, []string{"limits.wall_ms must be from 1"}},
		"a limit without a value": {append(create, "--limit", "wall_ms"), ExitUsage, []string{"KEY=VALUE"}},
		"a limit that is no JSON": {append(create, "--limit", "wall_ms=ten"), ExitUsage, []string{"ten is no number"}},
		"a policy out of range":   {append(create, "--retry", "factor=0.5"), ExitRefused, []string{"retry_policy.factor"}},
		"a schema that is none":   {append(create, "--payload-schema", `{"type": "integr"}`), ExitRefused, []string{"payload_schema"}},
		"an unknown runtime":      {[]string{"new", "--runtime", "jvm", "--owner", "me", "--reason", "r"}, ExitRefused, []string{"runtime must be wasm"}},
		"an unknown command":      {[]string{"new", "--runtime", "command", "--command", "nope", "--owner", "me", "--reason", "r"}, ExitRefused, []string{"dot_function_registry"}},
		"a name that is none":     {[]string{"New", "--runtime", "wasm", "--owner", "me", "--reason", "r"}, ExitRefused, []string{"lower-case letter"}},
		"a concurrency of 0":      {append(create, "--concurrency", "0"), ExitRefused, []string{"from 1 to 10000"}},
	} {
		t.Run(name, func(t *testing.T) { i.run(append([]string{"class", "set"}, c.args...)...).want(t, c.code, c.says...) })
	}
	i.run("class", "show", "new").want(t, ExitNotFound) // a refused class leaves nothing behind
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const header = "\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" // one type: () -> ()

// commandModule is the smallest program there is; the tag makes its bytes its own.
func commandModule(tag string) []byte {
	named := string(rune(len(tag))) + tag
	return []byte(header + "\x03\x02\x01\x00" + "\x07\x0a\x01\x06_start\x00\x00" + "\x0a\x04\x01\x02\x00\x0b" + "\x00" + string(rune(len(named))) + named)
}

// importing is a module that imports one function.
func importing(module, name string) []byte {
	entry := string(rune(len(module))) + module + string(rune(len(name))) + name + "\x00\x00"
	return []byte(header + "\x02" + string(rune(len(entry)+1)) + "\x01" + entry)
}
