package cli

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// up runs `lessee up --once` on a database, with the tree's own plugins and pages of the test's.
func (i *installation) up(pages map[string]string, args ...string) said {
	i.t.Helper()
	shipped := fstest.MapFS{}
	for _, path := range []string{"plugins/render/payload.schema.json", "plugins/render/result.schema.json", "plugins/dot/dot.sql", "plugins/dot/payload.schema.json"} {
		data, err := os.ReadFile("../../" + path)
		if err != nil {
			i.t.Fatal(err)
		}
		shipped[path] = &fstest.MapFile{Data: data}
	}
	for path, text := range pages {
		shipped[path] = &fstest.MapFile{Data: []byte(text)}
	}
	var out, errs bytes.Buffer
	a := &app{shipped: shipped, in: strings.NewReader(""), out: &out, errs: &errs, environ: func() []string { return nil }}
	ctx, cancel := context.WithCancel(i.t.Context())
	defer cancel()
	code := a.main(ctx, append([]string{"--dsn", i.super, "up", "--once", "--health-addr", "", "--cache-dir", i.cache()}, args...))
	return said{code, out.String(), errs.String()}
}

// cache is shared by the hosts of one test, so that the second has no module to compile.
func (i *installation) cache() string {
	if i.cacheDir == "" {
		i.cacheDir = i.t.TempDir()
	}
	return i.cacheDir
}

func TestUp_RendersItsPagesOnAFreshDatabaseAndThenNoMore(t *testing.T) {
	i := install(t)
	pages := map[string]string{"README.md": "# Über <uns>\n", "docs/a.md": "# A\n"}
	i.up(pages).want(t, ExitOK, "README.md", "docs/a.md", "succeeded", "summary of class render", "lessee --dsn … job show 1 --output > readme.html", "psql")
	if html := i.run("job", "show", "1", "--output").want(t, ExitOK).out; !strings.Contains(html, "Über") || !strings.HasPrefix(html, "<!doctype html>") {
		t.Errorf("the page is\n%s", html)
	}
	i.run("job", "show", "3", "--output").want(t, ExitOK, `"states": {"succeeded": 2}`)
	i.run("doctor").want(t, ExitOK, "no host holds a live lease") // it said goodbye

	// The database has jobs now and is none of ours: nothing is enqueued there.
	i.up(map[string]string{"README.md": "# Changed\n"}).want(t, ExitOK)
	if jobs := decode[[]map[string]any](t, i.run("job", "list", "--json")); len(jobs) != 3 {
		t.Errorf("after the second run there are %d jobs, want 3", len(jobs))
	}
}

func TestUp_EndsWithCode1WhenItsJobsCantRun(t *testing.T) {
	i := install(t)
	i.exec(`update lessee.runtime_setting set value = '"stopped"' where name = 'queue.runtime.phase'`)
	i.up(map[string]string{"README.md": "# A\n"}).want(t, ExitFailure, "can't run", "lessee doctor")
}

func TestUp_LeavesClassesOfAnOperatorAlone(t *testing.T) {
	i := install(t)
	i.class("render")
	i.up(nil, "--no-demo").want(t, ExitOK)
	i.run("class", "show", "render").want(t, ExitOK, "smallest@1")
	i.run("class", "disable", "dot").want(t, ExitOK)
	i.up(nil, "--no-demo").want(t, ExitOK)
	i.run("class", "list").want(t, ExitOK, "summary     no")
}
