package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// hostileClass is a class whose processes do what they are told at the start.
func hostileClass(start string) registry.Class {
	return newClass(func(c *registry.Class) {
		c.Process.StartTimeoutMS, c.Process.StopTimeoutMS, c.Process.Pool = 2000, 500, 1
		if start != "" {
			c.Process.Env = map[string]string{"HOSTILE": start}
		}
	})
}

func TestProcess_ThatDoesNotStartIsNamedAndLeavesNothing(t *testing.T) {
	for start, says := range map[string][]string{
		"exit":      {"it ended with exit status 0 before the handshake"},
		"die":       {"it ended with exit status 3 before the handshake", "I will not live"},
		"mute":      {"it did not complete the handshake in time"},
		"Check":     {"it was not healthy in time"},
		"elsewhere": {"it has to listen on a unix socket"},
	} {
		t.Run(start, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			m := b.load(program(t, "hostile"))
			class := hostileClass(start)
			var reason string
			await(t, "a reason", func() bool {
				ready, why := m.Ready(class)
				if ready {
					t.Fatal("it is ready")
				}
				reason = why
				return why != ""
			})
			for _, want := range says {
				if !strings.Contains(reason, want) {
					t.Errorf("the reason is %q, without %q", reason, want)
				}
			}
		})
	}
}

func TestProcess_MayChatterBeforeTheHandshake(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	if _, err := run1(t, m, hostileClass("chatter"), object{"do": "ok"}, &ear{}); err != nil {
		t.Fatal(err)
	}
	if b.log.FilterMessage("plugin").Len() < 1000 {
		t.Errorf("%d lines were kept", b.log.Len())
	}
}

func TestProcess_ThatHangsInShutdownIsKilledAtTheDeadline(t *testing.T) {
	b := newBench(t, nil) // which looks at the time that closing takes, and for what is left
	m := b.load(program(t, "hostile"))
	if _, err := run1(t, m, hostileClass("Shutdown"), object{"do": "ok"}, &ear{}); err != nil {
		t.Fatal(err)
	}
}

func TestAttempt_OfAProcessThatDiesNamesWhatHappened(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	for do, says := range map[string]string{
		"exit":  "exit status 3; its last words: goodbye, cruel host",
		"rave":  "exit status 3; its last words: word 1988\nword 1989",
		"panic": "exit status 2; its last words: panic: in a goroutine of its own",
	} {
		_, err := run1(t, m, class, object{"do": do}, &ear{})
		if codeOf(err) != abi.CodePluginCrashed || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", do, err)
		}
	}
	if _, err := run1(t, m, class, object{"do": "kill"}, &ear{}); codeOf(err) != abi.CodePluginCrashed {
		t.Errorf("kill: %v", err)
	}
	if out, err := run1(t, m, class, object{"do": "ok"}, &ear{}); err != nil || out["said"] != "ok" {
		t.Errorf("the next job: %v, %v", out, err)
	}
}

func TestAttempt_OfAProcessThatIsKilledFromOutsideNamesTheSignal(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	class := newClass(func(c *registry.Class) { c.Process.Pool = 1 })
	e := &ear{}
	go func() {
		for !e.heard("begun") {
			time.Sleep(time.Millisecond)
		}
		m.mu.Lock()
		p := m.poolOf(class)
		m.mu.Unlock()
		p.mu.Lock()
		defer p.mu.Unlock()
		for got := range p.all {
			got.child.cmd.Process.Kill() //nolint:errcheck // the attempt tells
		}
	}()
	_, err := run1(t, m, class, object{"log": "begun", "sleep_ms": 30_000}, e)
	if codeOf(err) != abi.CodePluginCrashed || !strings.Contains(err.Error(), "signal killed") {
		t.Errorf("%v", err)
	}
}

func TestAttempt_ThatIgnoresItsEndCostsItsProcess(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	class.Limits.WallMS = 300
	began := time.Now()
	if _, err := run1(t, m, class, object{"do": "ignore"}, &ear{}); codeOf(err) != abi.CodeLimitWall {
		t.Errorf("over its wall limit: %v", err)
	}
	class.Limits.WallMS = 20_000
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(abi.Errorf(abi.CodeCancelled, "an operator cancelled the job")) })
	if _, _, err := m.Execute(ctx, &class, envelope(t, object{"do": "ignore"}), &ear{}); codeOf(err) != abi.CodeCancelled {
		t.Errorf("cancelled: %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := run1(t, m, class, object{"do": "ok"}, &ear{}); err != nil {
		t.Errorf("the next job: %v", err)
	}
}

func TestAttempt_ThatHeedsItsEndKeepsItsProcess(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	class := newClass(func(c *registry.Class) { c.Process.Pool = 1 })
	before, err := run1(t, m, class, object{"log": "x"}, &ear{})
	if err != nil {
		t.Fatal(err)
	}
	short := class
	short.Limits.WallMS = 200
	if _, err := run1(t, m, short, object{"sleep_ms": 60_000}, &ear{}); codeOf(err) != abi.CodeLimitWall {
		t.Errorf("%v", err)
	}
	after, err := run1(t, m, class, object{"log": "x"}, &ear{})
	if err != nil || b.next.Load() != 2 { // one for the admission
		t.Errorf("%v, then %v: %v, %d processes", before, after, err, b.next.Load())
	}
}

func TestAttempt_IsHeldToItsLimits(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	if _, err := run1(t, m, class, object{"do": "3 GB"}, &ear{}); codeOf(err) != abi.CodeLimitOutput {
		t.Errorf("3 GB: %v", err)
	}
	if _, err := run1(t, m, class, object{"do": "flood"}, &ear{}); codeOf(err) != abi.CodeLimitLog {
		t.Errorf("a flood of log: %v", err)
	}
	e := &ear{}
	if _, err := run1(t, m, class, object{"do": "line"}, e); err != nil || len(e.lines) > 1 {
		t.Errorf("100 MB in a line: %v, %d lines", err, len(e.lines))
	}
	if out, err := run1(t, m, class, object{"do": "descriptors"}, &ear{}); err != nil || !strings.Contains(fmt.Sprint(out["said"]), "too many open files") {
		t.Errorf("descriptors: %v, %v", out, err)
	}
}

func TestAttempt_OnAGoodPluginIsHeldToItsOutput(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	class := newClass(func(c *registry.Class) { c.Limits.OutputBytes = 1000 })
	for _, n := range []int{1000, 30 << 20} {
		if _, err := run1(t, m, class, object{"repeat": n}, &ear{}); codeOf(err) != abi.CodeLimitOutput {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestProcess_TakesItsDaemonsWithIt(t *testing.T) {
	for _, level := range []registry.Containment{registry.ContainmentBest, registry.ContainmentOff} {
		t.Run(string(level), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			m := b.load(program(t, "hostile"))
			class := hostileClass("")
			class.Containment = level
			if out, err := run1(t, m, class, object{"do": "daemon"}, &ear{}); err != nil || out["said"] != "done" {
				t.Fatalf("%v, %v", out, err)
			}
			await(t, "the daemon", func() bool { return len(marked(b.dir)) >= 2 })
			if _, err := run1(t, m, class, object{"do": "exit"}, &ear{}); codeOf(err) != abi.CodePluginCrashed {
				t.Errorf("%v", err)
			}
			began := time.Now()
			await(t, "its end", func() bool { return len(marked(b.dir)) <= 1 }) // one that replaces it may be there
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestPlugin_SeesNothingOfTheHost(t *testing.T) {
	const secret = "postgres://lessee:hush@localhost/lessee"
	t.Setenv("LESSEE_DSN", secret)
	file, err := os.Open("/etc/hostname")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only read
	b := newBench(t, func(c *Config) {
		c.Secret = func(name string) (string, error) { return "the value of " + name, nil }
	})
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	class.Process.Env = map[string]string{"GRANTED": "yes"}
	class.Process.Secrets = map[string]string{"TOKEN": "binding"}
	class.Limits.OutputBytes = 16 << 20
	out, err := run1(t, m, class, object{"do": "see"}, &ear{})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprint(out["said"])
	for _, never := range []string{"hush", "LESSEE_DSN", "HOME=", "PATH=", "hostname", "-test."} {
		for line := range strings.Lines(all) {
			if strings.Contains(line, never) {
				t.Errorf("it sees %q: %.300s", never, line)
			}
		}
	}
	for _, want := range []string{"GRANTED=yes", "TOKEN=the value of binding", "TMPDIR=", "fd 0 /dev/null"} {
		if !strings.Contains(all, want) {
			t.Errorf("it does not see %q", want)
		}
	}
	t.Log(all[:min(len(all), 3000)])
}

// holds reports whether a level holds for the processes of class, on this machine.
func holds(t *testing.T, m *Module, class registry.Class, name string) bool {
	t.Helper()
	m.mu.Lock()
	p := m.poolOf(class)
	m.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, held := range p.holds.held {
		if held == name {
			return true
		}
	}
	t.Logf("this machine does not hold %s", name)
	return false
}

func TestPlugin_FailsAtWhatContainmentForbids(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // of the test
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	try := func(do, with string) string {
		out, err := run1(t, m, class, object{"do": do, "with": with}, &ear{})
		if err != nil {
			return "ended: " + err.Error()
		}
		return fmt.Sprint(out["said"])
	}
	try("ok", "")
	_, reason := m.Ready(class)
	t.Logf("as user %d: %s", os.Getuid(), reason)
	self := strconv.Itoa(os.Getpid())
	for _, c := range []struct{ level, do, with string }{
		{levelLandlock, "read", "/etc/shadow"},
		{levelLandlock, "read", "/etc/hostname"},
		{levelLandlock, "read", "/proc/" + self + "/environ"},
		{levelLandlock, "write", "/tmp/lessee-escape"},
		{levelNetwork, "connect", listener.Addr().String()},
		{levelSeccomp, "ptrace", self},
		{levelSeccomp, "mount", ""},
		{levelSeccomp, "unshare", ""},
		{levelPIDs, "signal", self},
	} {
		if !holds(t, m, class, c.level) {
			continue
		}
		said := try(c.do, c.with)
		if !strings.Contains(said, "denied") && !strings.Contains(said, "not permitted") && !strings.Contains(said, "refused") && !strings.Contains(said, "unreachable") && !strings.Contains(said, "no such process") {
			t.Errorf("%s %s: %s", c.do, c.with, said)
		}
	}
	if holds(t, m, class, levelRlimits) {
		if said := try("fork", ""); !strings.Contains(said, "temporarily unavailable") && !strings.Contains(said, "ended") {
			t.Errorf("fork: %s", said)
		}
		if said := try("allocate", ""); !strings.Contains(said, "plugin_crashed") && !strings.Contains(said, "limit_memory") {
			t.Errorf("allocate: %s", said)
		} else {
			t.Log(said)
		}
	}
}

func TestContainment_ThatIsRequiredAndMissingRefusesToStart(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	best, required := newClass(nil), newClass(func(c *registry.Class) { c.Name, c.Containment = "strict", registry.ContainmentRequired })
	await(t, "the class", func() bool { ready, _ := m.Ready(best); return ready })
	_, reason := m.Ready(best)
	var ready bool
	var why string
	await(t, "a verdict", func() bool { ready, why = m.Ready(required); return why != "" })
	if whole := !strings.Contains(reason, "not by"); ready != whole {
		t.Errorf("best is %q, required is %v: %q", reason, ready, why)
	} else if !whole && !strings.Contains(why, "containment is required, and this host does not hold") {
		t.Errorf("required says %q", why)
	}
}

func TestPool_OpensItsCircuitAndTriesAgain(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	class := hostileClass("die")
	await(t, "the circuit", func() bool {
		_, why := m.Ready(class)
		return strings.Contains(why, "died 5 times") && strings.Contains(why, "I will not live")
	})
	if _, _, err := m.Execute(t.Context(), &class, envelope(t, object{"do": "ok"}), &ear{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("an attempt meanwhile: %v", err)
	}
	class.Process.Env = nil // the row is mended
	await(t, "the class", func() bool { ready, _ := m.Ready(class); return ready })
}

// Started from a terminal, the host has one; without, this is easily true.
func TestPlugin_HasNoTerminal(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	class.Containment = registry.ContainmentOff
	if out, err := run1(t, m, class, object{"do": "read", "with": "/dev/tty"}, &ear{}); err != nil || !strings.Contains(fmt.Sprint(out["said"]), "no such device") {
		t.Errorf("%v, %v", out, err)
	}
}
