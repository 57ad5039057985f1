package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// patience bounds every wait; a wait that ends by it is a failure.
const patience = 60 * time.Second

var (
	built    string // where the plugins are built to
	building sync.Mutex
)

// program builds a plugin of testdata and returns its bytes.
func program(t testing.TB, name string) []byte {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	path := filepath.Join(built, name)
	if _, err := os.Stat(path); err != nil {
		if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./testdata/"+name).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bench is an engine in a directory of its own, and what it logged.
type bench struct {
	*Engine
	t   testing.TB
	dir string
	log *observer.ObservedLogs
}

func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	dir, err := os.MkdirTemp("", "lp")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // plugins with users of their own pass through it
		t.Fatal(err)
	}
	core, log := observer.New(zap.DebugLevel)
	config := Config{Dir: dir, Log: zap.New(core)}
	if change != nil {
		change(&config)
	}
	e, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Engine: e, t: t, dir: dir, log: log}
	t.Cleanup(func() {
		began := time.Now()
		e.Close()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("closing took %s", took)
		}
		b.nothingLeft()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return b
}

// nothingLeft looks for processes, sockets, files and cgroups of the engine.
func (b *bench) nothingLeft() {
	b.t.Helper()
	left, _ := filepath.Glob(filepath.Join(b.dir, "*"))
	if len(left) > 0 {
		b.t.Errorf("left behind: %v", left)
	}
	if pids := marked(b.dir); len(pids) > 0 {
		b.t.Errorf("processes left behind: %v", pids)
	}
	if b.cgroups.dir != "" {
		groups, _ := filepath.Glob(filepath.Join(b.cgroups.dir, fmt.Sprintf("lessee-%06x-*", b.slot.number())))
		if len(groups) > 0 {
			b.t.Errorf("cgroups left behind: %v", groups)
		}
	}
}

// marked are the processes that were started below dir.
func marked(dir string) (pids []string) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		if env, err := os.ReadFile(path); err == nil && strings.Contains(string(env), "TMPDIR="+dir+"/") {
			pids = append(pids, path)
		}
	}
	return pids
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// load admits bytes, and closes the module when the test ends.
func (b *bench) load(data []byte) *Module {
	b.t.Helper()
	m, err := b.Load(b.t.Context(), digestOf(data), Source{Bytes: data}, func(registry.Stage) {})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { m.Close(context.Background()) }) //nolint:errcheck // never fails
	return m
}

func newClass(change func(*registry.Class)) registry.Class {
	c := registry.Class{Name: "native", Runtime: registry.RuntimeGoPlugin, Enabled: true, Limits: abi.DefaultLimits(), Concurrency: 2,
		Process: registry.DefaultProcess(), Containment: registry.ContainmentBest}
	c.Limits.WallMS = 20_000
	if change != nil {
		change(&c)
	}
	return c
}

func envelope(t testing.TB, payload any) []byte {
	t.Helper()
	data, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := abi.EncodeEnvelope(abi.Envelope{ABI: abi.Version, Job: abi.Job{ID: 1, Class: "native", Attempt: 1, MaxAttempts: 1}, Payload: data})
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

type object map[string]any

// ear is a sink that keeps what it hears.
type ear struct {
	mu    sync.Mutex
	lines []string
	far   []int
}

func (e *ear) Log(level abi.Level, line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, fmt.Sprintf("%d %s", level, line))
}

func (e *ear) Progress(permille int, _ string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.far = append(e.far, permille)
}

func (e *ear) heard(text string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.lines {
		if strings.Contains(l, text) {
			return true
		}
	}
	return false
}

// asked answers HTTP requests.
type asked struct{ *ear }

func (asked) HTTP(_ context.Context, document []byte) ([]byte, error) {
	r, err := abi.DecodeHTTPRequest(document)
	if err != nil {
		return nil, err
	}
	return abi.EncodeHTTPResponse(abi.HTTPResponse{Status: 200, Body: []byte("from " + r.URL)})
}

func run1(t testing.TB, m *Module, class registry.Class, payload any, sink abi.Sink) (map[string]any, error) {
	t.Helper()
	result, _, err := m.Execute(t.Context(), &class, envelope(t, payload), sink)
	if err != nil {
		return nil, err
	}
	if result.Error != nil {
		return nil, result.Error
	}
	var out map[string]any
	if err := json.Unmarshal(result.Output, &out); err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func codeOf(err error) abi.Code {
	var told *abi.Error
	if errors.As(err, &told) {
		return told.Code
	}
	return ""
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting: %s", what)
		}
		time.Sleep(5 * time.Millisecond) // the pace of the polling
	}
}
