//go:build sdks

package cli

import (
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/author"
)

// ownTests are the commands by which a template tests its handler in its language.
func ownTests(t *testing.T, l author.Language) []string {
	t.Helper()
	switch l {
	case author.Go:
		return []string{"go", "test", "./..."}
	case author.Rust:
		return []string{"cargo", "test", "--offline"}
	case author.AssemblyScript, author.JavaScript, author.Node:
		return []string{"node", "--test", "handler.test.mjs"}
	case author.Python:
		return []string{"python3", "-m", "unittest"}
	case author.GoNative:
		return []string{"go", "test", "./..."}
	}
	return nil // C has only the pairs
}

// Each language goes from nothing to a committed job by the commands that help
// and README name. The times it prints are what an author waits, all in all.
func TestPlugin_GoesFromNewToACommittedJobInEveryLanguage(t *testing.T) {
	w, i := newWorkbench(t), install(t)
	hosted := i.daemon(w)
	w.dsn = i.operator
	for _, l := range slices.Concat(author.Languages(), author.NativeLanguages()) {
		t.Run(string(l), func(t *testing.T) {
			name, began := "hello-"+string(l), time.Now()
			w := &workbench{t: t, dir: w.dir, dsn: w.dsn}
			step := func(code int, args ...string) said {
				t.Helper()
				from := time.Now()
				got := w.run(args...).want(t, code)
				t.Logf("%6.1fs  lessee %s", time.Since(from).Seconds(), strings.Join(args, " "))
				return got
			}
			dir := w.path(name)
			step(ExitOK, "plugin", "new", "--lang", string(l), name, "--dir", dir)
			step(ExitOK, "plugin", "build", dir)
			step(ExitOK, "plugin", "test", dir)
			step(ExitOK, "plugin", "run", dir, "--payload", `{"name": "you"}`).want(t, ExitOK, `"greeting":"Hello, you"`)
			step(ExitOK, "plugin", "check", dir)
			step(ExitOK, "plugin", "push", dir, "--class", name, "--create", "--reason", "first version").want(t, ExitOK, "a host runs it")
			step(ExitOK, "job", "enqueue", name, "--payload", `{"name": "you"}`, "--wait")
			if took := time.Since(began); took > time.Minute {
				t.Errorf("from nothing to a committed job it took %s", took)
			} else {
				t.Logf("%6.1fs  in all", took.Seconds())
			}
			if args := ownTests(t, l); args != nil {
				cmd := exec.Command(args[0], args[1:]...)
				cmd.Dir = dir
				if said, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, said)
				}
			}
			w.edit(name+"/"+source(l), "handle(", "handle)(") // in every language a bracket too many
			w.run("plugin", "build", dir).want(t, ExitFailure, "says above why", source(l))
		})
	}
	hosted()
}

// source is the file that holds a template's handler.
func source(l author.Language) string {
	return map[author.Language]string{author.Go: "main.go", author.Rust: "src/lib.rs", author.C: "handler.c", author.AssemblyScript: "handler.ts", author.JavaScript: "handler.mjs",
		author.Python: "handler.py", author.Node: "handler.mjs", author.GoNative: "main.go"}[l]
}

func lookPath(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// daemon runs `lessee host`, until stop.
func (i *installation) daemon(w *workbench) (stop func()) {
	i.t.Helper()
	host := &workbench{t: i.t, dir: w.dir, dsn: i.login("cli_host", "lessee_host")}
	ctx, cancel := context.WithCancel(i.t.Context())
	ended := make(chan said, 1)
	go func() {
		ended <- host.runIn(ctx, io.Discard, "host", "--health-addr=", "--cache-dir", os.Getenv("HOME")+"/.cache/lessee",
			"--interpreters", "python3=/usr/bin/python3,node="+lookPath(i.t, "node"))
	}()
	return func() {
		cancel()
		(<-ended).want(i.t, ExitOK)
	}
}
