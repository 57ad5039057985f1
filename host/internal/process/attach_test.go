package process

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// debugging starts a plugin as its author would, and returns the line it prints.
func debugging(t *testing.T, name, socket string) (*exec.Cmd, string) {
	t.Helper()
	program(t, name)
	cmd := exec.Command(filepath.Join(built, name), "-debug", socket)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may be gone
		cmd.Wait()         //nolint:errcheck // the tests look
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, line
}

func TestAttach_RunsJobsOnAPluginThatItsAuthorStarted(t *testing.T) {
	dir, err := os.MkdirTemp("", "lp") // a short path
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	socket := filepath.Join(dir, "good.sock")
	cmd, line := debugging(t, "good", socket)
	for _, address := range []string{socket, line} {
		a, err := Attach(t.Context(), address, "test")
		if err != nil {
			t.Fatal(err)
		}
		if a.Manifest() == nil || a.Manifest().Name != "good" {
			t.Errorf("its manifest is %+v", a.Manifest())
		}
		e := asked{&ear{}}
		result, usage, err := a.Execute(t.Context(), new(newClass(nil)), envelope(t, object{"log": "a line", "fetch": "https://example.com/", "sleep_ms": 20}), e)
		if err != nil || !strings.Contains(string(result.Output), "from https://example.com/") || !e.heard("a line") || usage.WallUS < 20_000 {
			t.Errorf("%+v, %+v, %v; heard %v", result, usage, err, e.lines)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := os.Stat(socket); err == nil {
		t.Error("its socket is left behind")
	}
}

func TestAttach_CancelsAJobAndLeavesThePluginAlone(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	cmd, _ := debugging(t, "good", socket)
	a, err := Attach(t.Context(), socket, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context()) //nolint:errcheck // of the test
	e := &ear{}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for !e.heard("begun") {
			time.Sleep(time.Millisecond)
		}
		cancel(abi.Errorf(abi.CodeCancelled, "its author had enough"))
	}()
	if _, _, err := a.Execute(ctx, new(newClass(nil)), envelope(t, object{"log": "begun", "sleep_ms": 60_000}), e); codeOf(err) != abi.CodeCancelled {
		t.Errorf("%v", err)
	}
	if _, _, err := a.Execute(t.Context(), new(newClass(func(c *registry.Class) { c.Limits.OutputBytes = 10 })), envelope(t, object{}), e); codeOf(err) != abi.CodeLimitOutput {
		t.Errorf("%v", err)
	}
	cmd.Process.Kill() //nolint:errcheck // the next job tells
	cmd.Wait()         //nolint:errcheck // killed
	if _, _, err := a.Execute(t.Context(), new(newClass(nil)), envelope(t, object{}), e); codeOf(err) != abi.CodePluginCrashed {
		t.Errorf("of a plugin that is gone: %v", err)
	}
	debugging(t, "good", socket) // takes over what the killed one left
}

func TestAttach_SaysWhatToDoWhenNothingServesThere(t *testing.T) {
	_, err := Attach(t.Context(), filepath.Join(t.TempDir(), "none"), "test")
	if err == nil || !strings.Contains(err.Error(), "is it started, as PROGRAM -debug") {
		t.Errorf("%v", err)
	}
	if _, err := Attach(t.Context(), "1|1|unix|/tmp/x|grpc|Q0VSVA", "test"); err == nil || !strings.Contains(err.Error(), "start it as PROGRAM -debug SOCKET") {
		t.Errorf("%v", err)
	}
}
