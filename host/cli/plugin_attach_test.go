//go:build linux

package cli

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestPluginRun_AttachesToAPluginInADebugger(t *testing.T) {
	w := newWorkbench(t)
	dir, err := os.MkdirTemp("", "lp") // a short path, for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary folder
	program, socket := filepath.Join(dir, "good"), filepath.Join(dir, "good.sock")
	w.run("plugin", "run", "--attach", socket).want(t, ExitNotFound, "is it started, as PROGRAM -debug "+socket)
	if out, err := exec.Command("go", "build", "-o", program, "../internal/process/testdata/good").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "-debug", socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it is running
		cmd.Wait()         //nolint:errcheck // killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	w.run("plugin", "run", "--attach", socket, "--payload", `{"log": "hello"}`).want(t, ExitOK, "ok", "hello", "of 365d")
	w.run("plugin", "run", "--attach", line, "--payload", `{"deaf_ms": 1000}`, "--limit", "wall_ms=100").want(t, ExitNotDone, "limit_wall") // one that heeds its deadline can answer first
	w.run("plugin", "run", "--attach", socket, "--payload", `{"log": 1}`).want(t, ExitNotDone, "refused at enqueue", "/log ")
	w.run("plugin", "run", w.dir, "--attach", socket).want(t, ExitUsage, "leave "+w.dir+" out")
}
