package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// shared is one engine for all tests, because compiling a Go guest takes seconds.
var shared = sync.OnceValues(func() (*Engine, error) { return New(context.Background(), Config{CacheDir: sharedCache}) })

// sharedCache is for engines of a test's own that have no reason to compile.
var sharedCache string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "lessee-cache-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		sharedCache = dir
		return m.Run()
	}())
}

// loaded holds a func() (*Module, error) per digest.
var loaded sync.Map

func load(t testing.TB, binary []byte) *Module {
	t.Helper()
	e, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	digest := digestOf(binary)
	get, _ := loaded.LoadOrStore(digest, sync.OnceValues(func() (*Module, error) { return e.Load(context.Background(), digest, binary, nil) }))
	m, err := get.(func() (*Module, error))()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func hostile(t testing.TB) *Module { return load(t, wasmtest.Build(t, "./testdata/hostile")) }

func envelope(t testing.TB, payload any) []byte {
	t.Helper()
	encoded, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	data, err := abi.EncodeEnvelope(abi.Envelope{ABI: abi.Version, Job: abi.Job{ID: 7, Class: "test", Attempt: 1, MaxAttempts: 5}, Payload: encoded})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mode(t testing.TB, name string) []byte { return envelope(t, map[string]string{"mode": name}) }

// under is a class with those limits.
func under(limits abi.Limits) *registry.Class {
	return &registry.Class{Name: "test", Limits: limits, Isolation: registry.IsolationJob}
}

func anyClass() *registry.Class { return under(abi.DefaultLimits()) }

// recorder is a sink that keeps what it hears.
type recorder struct {
	lines    []string
	levels   []abi.Level
	progress []int
	notes    []string
}

func (r *recorder) Log(level abi.Level, line string) {
	r.lines, r.levels = append(r.lines, line), append(r.levels, level)
}

func (r *recorder) Progress(permille int, note string) {
	r.progress, r.notes = append(r.progress, permille), append(r.notes, note)
}

func codeOf(t testing.TB, err error) abi.Code {
	t.Helper()
	e := (*abi.Error)(nil)
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("this is no *abi.Error: %v", err)
	}
	if e == nil {
		return ""
	}
	return e.Code
}

// newEngine is an engine of the test's own.
func newEngine(t testing.TB, config Config) *Engine {
	t.Helper()
	e, err := New(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

const soon = 300 * time.Millisecond
