package cli

import (
	"strings"
	"testing"
	"time"
)

func TestHostConfig_FlagsOutweighEnvironmentOutweighsFileOutweighsDefaults(t *testing.T) {
	path := write(t, "host.yaml", []byte("slots: 1\nconns: 11\ngrace: 1s\ndsn: postgres://u:secret@h/d\n"))
	environ := []string{"LESSEE_SLOTS=2", "LESSEE_CONNS=12", "LESSEE_CONFIG=" + path, "LESSEE_UNRELATED=x"}
	s := lesseeIn(t, environ, strings.NewReader(""), "host", "--print-config", "--slots", "3").want(t, ExitOK)
	for _, line := range []string{
		"slots: 3 # flag",
		"conns: 12 # environment LESSEE_CONNS",
		"grace: 1s # file " + path,
		"dsn: postgres://u:xxxxx@h/d # file " + path,
		"log_level: info # default",
	} {
		if !strings.Contains(s.out, line+"\n") {
			t.Errorf("no line %q in\n%s", line, s.out)
		}
	}
}

func TestHostConfig_WhatItPrintsReadsBack(t *testing.T) {
	printed := lessee(t, "host", "--print-config", "--name", "a: b", "--grace", "1m30s", "--cache-dir", "", "--limits-max", "fuel=5,wall_ms=7").want(t, ExitOK).out
	again := lessee(t, "host", "--print-config", "--config", write(t, "host.yaml", []byte(printed))).want(t, ExitOK).out
	for i, line := range strings.Split(printed, "\n") {
		value, _, _ := strings.Cut(line, " #")
		if second := strings.Split(again, "\n")[i]; !strings.HasPrefix(second, value) {
			t.Errorf("%q became %q", line, second)
		}
	}
}

func TestHostConfig_TakesKeysFromEverySourceAndPrintsThemAsAList(t *testing.T) {
	const one, two = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3", "RWTmi6KAvjxMG4QKwHfeO22r3re9CYfa4o/nTUUdyNGRWVHUcF65R5+z"
	want := "trusted_keys: [" + one + ", " + two + "]"
	file := write(t, "host.yaml", []byte("signatures: warn\n"+want+"\n"))
	for name, s := range map[string]said{
		"file":        lessee(t, "host", "--print-config", "--config", file),
		"environment": lesseeIn(t, []string{"LESSEE_TRUSTED_KEYS=" + one + ", " + two}, strings.NewReader(""), "host", "--print-config"),
		"flag":        lessee(t, "host", "--print-config", "--trusted-keys", one+","+two),
		"flags":       lessee(t, "host", "--print-config", "--trusted-keys", one, "--trusted-keys", two),
	} {
		printed := s.want(t, ExitOK, want).out
		lessee(t, "host", "--print-config", "--config", write(t, name+".yaml", []byte(printed))).want(t, ExitOK, want)
	}
	lessee(t, "host", "--print-config").want(t, ExitOK, "trusted_keys: [] # default", "signatures: off # default", "limits_max: {} # default")
}

func TestHostConfig_NamesTheCulprit(t *testing.T) {
	for name, c := range map[string]struct {
		yaml    string
		environ []string
		args    []string
		code    int
		says    []string
	}{
		"an unknown key":          {yaml: "slot: 3", code: ExitRefused, says: []string{`the key "slot" is unknown; did you mean "slots"?`, "cache_dir, conns"}},
		"a nested unknown key":    {yaml: "health: {addr: x}", code: ExitRefused, says: []string{`"health.addr"`, `"health_addr"`}},
		"an unknown limit":        {yaml: "limits_max: {flue: 3}\ndsn: x", code: ExitRefused, says: []string{"limits_max.flue is unknown"}},
		"a bound that is none":    {environ: []string{"LESSEE_LIMITS_MAX=fuel=all"}, code: ExitRefused, says: []string{"limits_max.fuel from environment LESSEE_LIMITS_MAX", `"all"`}},
		"no YAML":                 {yaml: "a: [", code: ExitRefused, says: []string{"host.yaml"}},
		"a number that is none":   {environ: []string{"LESSEE_SLOTS=many"}, code: ExitRefused, says: []string{"slots from environment LESSEE_SLOTS", `"many"`}},
		"a flag that is none":     {args: []string{"--grace", "long"}, code: ExitUsage, says: []string{"--grace"}},
		"a value out of range":    {args: []string{"--slots", "0", "--dsn", "x"}, code: ExitRefused, says: []string{"slots is 0"}},
		"a log level that is not": {args: []string{"--log-level", "loud", "--dsn", "x"}, code: ExitRefused, says: []string{"log_level", "debug, info, warn"}},
		"no policy":               {environ: []string{"LESSEE_SIGNATURES=on"}, args: []string{"--dsn", "x"}, code: ExitRefused, says: []string{"signatures: \"on\" is no policy", "require"}},
		"an id for a key":         {args: []string{"--signatures", "require", "--trusted-keys", "E7620F1842B4E81F", "--dsn", "x"}, code: ExitRefused, says: []string{"trusted_keys: ", "anybody can make a key of that id", "lessee key list --json"}},
		"no such pooling":         {args: []string{"--pooling", "statement", "--dsn", "x"}, code: ExitRefused, says: []string{`pooling: "statement"`, "auto, session, transaction"}},
		"keys without a policy":   {args: []string{"--trusted-keys", "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3", "--dsn", "x"}, code: ExitRefused, says: []string{"signatures is off"}},
		"no DSN":                  {code: ExitRefused, says: []string{"dsn is empty", "lessee up"}},
		"no such file":            {args: []string{"--config", "/nowhere.yaml"}, code: ExitRefused, says: []string{"/nowhere.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"host"}, c.args...)
			if c.yaml != "" {
				args = append(args, "--config", write(t, "host.yaml", []byte(c.yaml)))
			}
			lesseeIn(t, c.environ, strings.NewReader(""), args...).want(t, c.code, c.says...)
		})
	}
}

func TestRedact_TakesPasswordsOutOfEitherForm(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:secret@h/d":                   "postgres://u:xxxxx@h/d",
		"postgres://u@h/d?password=secret&x=1":      "postgres://u@h/d?password=xxxxx&x=1",
		"host=h password=secret user=u":             "host=h password=xxxxx user=u",
		`host=h password = 'sec ret\' more' user=u`: "host=h password = xxxxx user=u",
		"host=h user=u":                             "host=h user=u",
	} {
		if got := redact(dsn); got != want {
			t.Errorf("redact(%s) = %s, want %s", dsn, got, want)
		}
	}
}

func TestClock_IsJudgedByTheWindowOfTheReading(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		theirs time.Time
		level  string
	}{
		"within the call":  {now.Add(50 * time.Millisecond), levelOK},
		"a little ahead":   {now.Add(500 * time.Millisecond), levelOK},
		"far ahead":        {now.Add(2 * time.Second), levelWarn},
		"far behind":       {now.Add(-2 * time.Second), levelWarn},
		"a little behind":  {now.Add(-400 * time.Millisecond), levelOK},
		"just out of line": {now.Add(601 * time.Millisecond), levelWarn},
	} {
		if f := clock(c.theirs, now, now.Add(100*time.Millisecond)); f.Level != c.level {
			t.Errorf("%s: %s, want %s (%s)", name, f.Level, c.level, f.Message)
		}
	}
}
