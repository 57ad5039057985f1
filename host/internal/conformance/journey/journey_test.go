// Package journey walks the way of a plugin's author, as a stranger would: with
// the program lessee, in fresh folders, by the commands that the help of plugin
// new and the README that it writes name.
package journey

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// root is the checkout, seen from here.
const root = "../../../.."

// most is how long the way may take in one language, with its toolchain there.
const most = time.Minute

func TestEachLanguageGoesFromNewToACommittedJob(t *testing.T) {
	a := newAuthor(t)
	a.startHost()
	table := &bytes.Buffer{}
	w := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LANGUAGE\t"+strings.ToUpper(strings.Join(steps, "\t"))+"\tIN ALL")
	for _, language := range languages() {
		t.Run(language, func(t *testing.T) {
			a := &author{T: t, folder: a.folder, env: a.env}
			took, all := a.walk(language)
			fmt.Fprintf(w, "%s", language)
			for _, step := range append(steps, "in all") {
				d, ok := took[step]
				switch {
				case step == "in all":
					d = all
				case !ok:
					fmt.Fprint(w, "\t")
					continue
				}
				fmt.Fprintf(w, "\t%.1fs", d.Seconds())
			}
			fmt.Fprintln(w)
			if all > most {
				t.Errorf("from plugin new to a committed job it took %s, and may take %s", all, most)
			}
		})
	}
	w.Flush()
	t.Logf("from an empty folder to a committed job:\n%s", table)
}

// steps are the columns of the table: the commands of lessee, and what a
// language has for tests of its own.
var steps = []string{"new", "own tests", "build", "test", "run", "check", "push", "enqueue"}

// author sits before a shell.
type author struct {
	*testing.T
	folder string
	env    []string
}

// newAuthor builds the program. It lies in the checkout, so that it finds the
// packages of npm that `task sdks:setup` has put there.
func newAuthor(t *testing.T) *author {
	t.Helper()
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(checkout, "bin", "journey")
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "lessee"), ".")
	build.Dir = checkout
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder, err := os.MkdirTemp("", "journey") // t.TempDir's name is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil { // Postgres runs as another user when this is root
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "LESSEE_DATA_DIR="+filepath.Join(folder, "data"), "GOFLAGS=")
	return &author{T: t, folder: folder, env: env}
}

// startHost starts a host with a Postgres of its own, until the test ends.
func (a *author) startHost() {
	a.Helper()
	host := a.command(context.Background(), a.folder, "exec lessee up --no-demo")
	var said bytes.Buffer
	host.Stdout, host.Stderr = &said, &said
	if err := host.Start(); err != nil {
		a.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = host.Wait() // by the signal, or before it: then the walk fails
		close(ended)
	}()
	a.Cleanup(func() {
		_ = host.Process.Signal(syscall.SIGTERM) // it may be gone
		<-ended
		if a.Failed() {
			a.Logf("lessee up:\n%s", said.String())
		}
	})
	for deadline := time.Now().Add(2 * time.Minute); a.command(a.Context(), a.folder, "lessee class list").Run() != nil; {
		select {
		case <-ended:
			a.Fatal("lessee up ended")
		case <-time.After(100 * time.Millisecond): // the pace of asking
		}
		if time.Now().After(deadline) {
			a.Fatal("lessee up does not get ready")
		}
	}
}

// walk goes the whole way, and tells how long each step took.
func (a *author) walk(language string) (took map[string]time.Duration, all time.Duration) {
	a.Helper()
	took = map[string]time.Duration{}
	name := "hello-" + language
	dir := filepath.Join(a.folder, name)
	began := time.Now()
	a.do(took, a.folder, "lessee plugin new --lang "+language+" "+name)
	for _, line := range readme(a.T, dir) {
		a.do(took, dir, line)
	}
	for _, step := range []string{"build", "test", "check", "push", "enqueue"} {
		if _, done := took[step]; !done {
			a.Errorf("the README names no lessee … %s", step)
		}
	}
	return took, time.Since(began)
}

// do types one command, which must succeed.
func (a *author) do(took map[string]time.Duration, dir, line string) {
	a.Helper()
	began := time.Now()
	out, err := a.command(a.Context(), dir, line).CombinedOutput()
	if err != nil {
		a.Fatalf("$ %s\n%s%v", line, out, err)
	}
	took[step(line)] += time.Since(began)
}

// step is the column of a command: the word after its group.
func step(line string) string {
	words := strings.Fields(line)
	if words[0] != "lessee" || len(words) < 3 {
		return "own tests"
	}
	return words[2]
}

func (a *author) command(ctx context.Context, dir, line string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", line)
	c.Dir, c.Env = dir, a.env
	return c
}

// readme are the commands of a plugin's README, but for the one that never ends.
func readme(t *testing.T, dir string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shell := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			shell = line == "```sh"
		case shell && !strings.HasPrefix(line, "lessee plugin watch"):
			command, _, _ := strings.Cut(line, "  #")
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}
