package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block is a fenced block of a page: its info string, and its lines.
type block struct {
	kind, argument string
	lines          []string
}

func blocks(t *testing.T, page string) (out []block) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	open := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		switch info, fence := strings.CutPrefix(line, "```"); {
		case fence && open:
			open = false
		case fence:
			open = true
			kind, argument, _ := strings.Cut(info, " ")
			out = append(out, block{kind: kind, argument: argument})
		case open:
			last := &out[len(out)-1]
			last.lines = append(last.lines, line)
		}
	}
	return out
}

// reader is somebody who types what the tutorial says.
type reader struct {
	*testing.T
	folder string
	path   string
}

// TestTutorial_SaysWhatHappens follows docs/plugins.md from top to bottom: types
// its commands, saves its files, and compares what it shows with what comes.
// "…" stands for anything, a line of its own for any lines.
func TestTutorial_SaysWhatHappens(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root, err := os.MkdirTemp("", "tutorial") // t.TempDir's name is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })      //nolint:errcheck // what is left is in the temporary folder
	if err := os.Chmod(root, 0o755); err != nil { // Postgres runs as another user when this is root
		t.Fatal(err)
	}
	r := &reader{T: t, folder: root, path: bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	commands := 0
	for _, b := range blocks(t, "docs/plugins.md") {
		switch {
		case b.kind == "console" && b.argument == "background":
			r.background(strings.TrimPrefix(b.lines[0], "$ "))
		case b.kind == "console":
			commands += r.console(b.lines)
		case b.argument != "":
			r.save(b.argument, b.lines)
		}
	}
	if commands < 15 {
		t.Errorf("only %d commands were found", commands)
	}
}

func (r *reader) command(ctx context.Context, line string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", line)
	c.Dir = r.folder
	c.Env = append(os.Environ(), "PATH="+r.path, "GOFLAGS=")
	return c
}

func (r *reader) save(name string, lines []string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.folder, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		r.Fatal(err)
	}
}

// background starts a command that goes on until the test ends, and waits until
// its database answers.
func (r *reader) background(line string) {
	r.Helper()
	c := r.command(context.Background(), "exec "+line)
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may be gone
		c.Wait()                          //nolint:errcheck // how it ended is in its log
		if r.Failed() {
			r.Logf("%s:\n%s", line, log.String())
		}
	})
	_, data, _ := strings.Cut(line, "--data-dir")
	for deadline := time.Now().Add(2 * time.Minute); ; {
		if r.command(r.Context(), "lessee class list --data-dir"+data).Run() == nil {
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("%s does not get ready", line)
		}
		time.Sleep(100 * time.Millisecond) // the pace of the polling, not a synchronisation
	}
}

// console types each command of a block, and compares what it prints. It
// returns how many there were.
func (r *reader) console(lines []string) (commands int) {
	r.Helper()
	for i := 0; i < len(lines); {
		line, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			r.Fatalf("output without a command: %s", lines[i])
		}
		var expected []string
		for i++; i < len(lines) && !strings.HasPrefix(lines[i], "$ "); i++ {
			expected = append(expected, lines[i])
		}
		commands++
		if folder, ok := strings.CutPrefix(line, "cd "); ok {
			r.folder = filepath.Join(r.folder, folder)
			continue
		}
		out, _ := r.command(r.Context(), line).CombinedOutput() // a refusal is a part of the story: what it says counts
		if !pattern(expected).Match(bytes.TrimRight(out, "\n")) {
			r.Fatalf("$ %s\nsays\n%s\nand not\n%s", line, out, strings.Join(expected, "\n"))
		}
	}
	return commands
}

// pattern matches output as the page shows it: columns may be wider or narrower.
func pattern(expected []string) *regexp.Regexp {
	var p strings.Builder
	p.WriteString(`(?s)^`)
	for i, line := range expected {
		if line == "…" {
			p.WriteString(`(?:[^\n]*\n?)*?`)
			continue
		}
		words := strings.Fields(line)
		for j, word := range words {
			words[j] = strings.ReplaceAll(regexp.QuoteMeta(word), "…", `[^\n]*?`)
		}
		p.WriteString(`[ \t]*` + strings.Join(words, `[ \t]+`) + `[ \t]*`)
		if i < len(expected)-1 {
			p.WriteString(`(?:\n|$)`)
		}
	}
	p.WriteString(`\s*$`)
	return regexp.MustCompile(p.String())
}
