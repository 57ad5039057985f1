package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/registry"
)

// asHost makes a child of the test binary a host: its value is a directory.
const asHost = "LESSEE_TEST_AS_HOST"

// TestHostOfAnotherTest is no test: it is what a child of one does.
func TestHostOfAnotherTest(t *testing.T) {
	dir := os.Getenv(asHost)
	if dir == "" {
		return
	}
	e, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Engine: e, t: t, dir: dir}
	m := b.load(program(t, "hostile"))
	class := hostileClass("")
	if _, err := run1(t, m, class, object{"do": "daemon"}, &ear{}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready to die")
	select {}
}

func TestEngine_ClearsUpAfterAHostThatWasKilled(t *testing.T) {
	b := newBench(t, nil)
	program(t, "hostile")
	host := exec.Command("/proc/self/exe", "-test.run=^TestHostOfAnotherTest$", "-test.v")
	host.Env = append(os.Environ(), asHost+"="+b.dir, builtBefore+"="+built)
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	host.Stderr = host.Stdout
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	heard := ""
	readLinesUntil := func(text string) {
		buffer := make([]byte, 4096)
		for !strings.Contains(heard, text) {
			n, err := out.Read(buffer)
			heard += string(buffer[:n])
			if err != nil {
				t.Fatalf("the host said %s", heard)
			}
		}
	}
	readLinesUntil("ready to die")
	slots, _ := filepath.Glob(filepath.Join(b.dir, "*"))
	if len(slots) != 2 {
		t.Fatalf("slots: %v", slots)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	host.Wait() //nolint:errcheck // killed
	began := time.Now()
	await(t, "the plugin and its daemon to die with the host", func() bool { return len(marked(slots[1])) == 0 })
	t.Logf("they died in %s", time.Since(began))
	next, err := New(Config{Dir: b.dir})
	if err != nil {
		t.Fatal(err)
	}
	next.Close()
	if left, _ := filepath.Glob(filepath.Join(b.dir, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEngine_RefusesADirectoryThatOthersCanWriteTo(t *testing.T) {
	dir, err := os.MkdirTemp("", "lp")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "only this user can write to") {
		t.Errorf("%v", err)
	}
	if _, err := New(Config{Dir: "/tmp/" + strings.Repeat("x", 80)}); err == nil || !strings.Contains(err.Error(), "set plugin_dir") {
		t.Errorf("%v", err)
	}
}

func TestModule_StopsIdleProcessesButOne(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	class := newClass(func(c *registry.Class) { c.Process.Pool, c.Process.IdleTimeoutMS = 3, 200 })
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := run1(t, m, class, object{"sleep_ms": 1000}, &ear{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if b.next.Load() != 4 {
		t.Errorf("%d processes for three jobs and the admission", b.next.Load())
	}
	await(t, "one to be left", func() bool { return len(marked(b.dir)) == 1 })
}

func TestModule_ReplacesProcessesWhenItsClassChanges(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	class := newClass(func(c *registry.Class) { c.Process.Env = map[string]string{"WORD": "before"} })
	m.Keep([]registry.Class{class})
	running := make(chan string, 1)
	e := &ear{}
	go func() {
		out, err := run1(t, m, class, object{"getenv": "WORD", "log": "begun", "sleep_ms": 1000}, e)
		running <- fmt.Sprint(out["said"], err)
	}()
	await(t, "the job", func() bool { return e.heard("begun") })
	changed := class
	changed.Process.Env = map[string]string{"WORD": "after"}
	m.Keep([]registry.Class{changed})
	if out, err := run1(t, m, changed, object{"getenv": "WORD"}, &ear{}); err != nil || out["said"] != "after" {
		t.Errorf("%v, %v", out, err)
	}
	if got := <-running; got != "before<nil>" {
		t.Errorf("the job that ran got %s", got)
	}
	await(t, "the old process to go", func() bool { return len(marked(b.dir)) == 1 })
	m.Keep(nil)
	await(t, "all to go", func() bool { return len(marked(b.dir)) == 0 })
}

func TestModule_GivesEachJobThatWaitsAProcessWhenItsClassChanges(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	class := newClass(func(c *registry.Class) { c.Process.Pool, c.Process.Env = 1, map[string]string{"WORD": "before"} })
	m.Keep([]registry.Class{class})
	const jobs = 5
	var all sync.WaitGroup
	for range jobs {
		all.Go(func() {
			if out, err := run1(t, m, class, object{"getenv": "WORD", "sleep_ms": 500}, &ear{}); err != nil || out["said"] != "before" {
				t.Errorf("%v, %v", out, err)
			}
		})
	}
	p := m.pools[class.Name]
	await(t, "all but one to wait", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.waiting == jobs-1
	})
	changed := class
	changed.Process.Env = map[string]string{"WORD": "after"}
	m.Keep([]registry.Class{changed})
	all.Wait()
	if n := b.next.Load(); n > jobs+3 { // the admission's, one each, the first one's, and one of the pool to come
		t.Errorf("%d processes were started for %d jobs", n, jobs)
	}
}
