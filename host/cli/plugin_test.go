package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

// workbench is a folder to write plugins in, and the program with all that a
// release ships.
type workbench struct {
	t   *testing.T
	dir string
	dsn string // empty: without a database
}

func newWorkbench(t *testing.T) *workbench { return &workbench{t: t, dir: t.TempDir()} }

func (w *workbench) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workbench) run(args ...string) said { return w.runIn(w.t.Context(), io.Discard, args...) }

// runIn runs the program until ctx ends; what it says goes to copies, too.
func (w *workbench) runIn(ctx context.Context, copies io.Writer, args ...string) said {
	w.t.Helper()
	var out, errs bytes.Buffer
	if w.dsn != "" {
		args = append([]string{"--dsn", w.dsn}, args...)
	}
	a := &app{shipped: os.DirFS("../.."), in: strings.NewReader(""), out: io.MultiWriter(&out, copies), errs: io.MultiWriter(&errs, copies), environ: func() []string { return []string{"USER=me"} }}
	code := a.main(ctx, args)
	return said{code, out.String(), errs.String()}
}

// greet is a new plugin with a product, which is built once.
func (w *workbench) greet() string {
	w.t.Helper()
	module, err := builtGreet()
	if err != nil {
		w.t.Fatal(err)
	}
	w.run("plugin", "new", "--lang", "go", "greet", "--dir", w.path("greet")).want(w.t, ExitOK)
	if err := os.WriteFile(w.path("greet/greet.wasm"), module, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.path("greet")
}

var builtGreet = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "lessee-test-greet-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	p, err := author.Scaffold(os.DirFS("../.."), author.Go, "greet", filepath.Join(dir, "greet"))
	if err != nil {
		return nil, err
	}
	workshop, err := author.OpenWorkshop(context.Background(), "")
	if err != nil {
		return nil, err
	}
	defer workshop.Close(context.Background()) //nolint:errcheck // the module is what matters
	if _, err := author.Build(context.Background(), workshop, p, os.Stderr); err != nil {
		return nil, err
	}
	return os.ReadFile(p.Product())
})

func (w *workbench) edit(name, from, to string) {
	w.t.Helper()
	data, err := os.ReadFile(w.path(name))
	if err == nil {
		err = os.WriteFile(w.path(name), bytes.ReplaceAll(data, []byte(from), []byte(to)), 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestPluginNew_SaysWhatComesNextAndLeavesAFullFolderAlone(t *testing.T) {
	w := newWorkbench(t)
	w.run("plugin", "new", "--lang", "go", "greet", "--dir", w.path("greet")).want(t, ExitOK, "cd "+w.path("greet"), "lessee plugin test", "lessee plugin run")
	w.run("plugin", "new", "--lang", "go", "greet", "--dir", w.path("greet")).want(t, ExitRefused, "not empty")
	w.run("plugin", "new", "greet").want(t, ExitUsage, "--lang is missing: one of go, rust, c, assemblyscript, js")
	w.run("plugin", "new", "--lang", "cobol", "greet").want(t, ExitUsage, "stdin")
	w.run("plugin", "new", "--lang", "go", "Greet!", "--dir", w.path("x")).want(t, ExitRefused, "lower-case letter")
}

func TestPlugin_GoesFromNewToATestedModule(t *testing.T) {
	w := newWorkbench(t)
	greet := w.greet()
	built := decode[author.Built](t, w.run("plugin", "build", greet, "--json"))
	if built.Manifest.Name != "greet" || built.Contract != "core" || len(built.Stages) == 0 {
		t.Errorf("%+v", built)
	}
	w.run("plugin", "test", greet).want(t, ExitOK, "greets  passed", "nobody  passed", "2 passed, 0 failed")
	w.run("plugin", "run", greet, "--payload", `{"name": "you"}`).want(t, ExitOK, "ok", `{"greeting":"Hello, you"}`, "fuel", "INFO  msg=greeting name=you")
	w.run("plugin", "inspect", greet+"/greet.wasm").want(t, ExitOK, "contract   core", "lessee_execute", `"name":"greet"`, "metered")
	w.run("plugin", "bench", greet, "--payload", `{"name": "you"}`, "-n", "5").want(t, ExitOK, "clean", "reuse", "P99")

	w.edit("greet/main.go", "Hello", "Hi")
	tested := w.run("plugin", "test", greet).want(t, ExitNotDone, "1 passed, 1 failed", "/output/greeting", `want "Hello, world"`, `got  "Hi, world"`)
	if !strings.Contains(tested.err, "greet.wasm") {
		t.Errorf("it does not say that it was built anew: %s", tested.err)
	}
	w.run("plugin", "test", greet, "--update").want(t, ExitOK, "greets.expected.json is written")
	w.run("plugin", "test", greet).want(t, ExitOK, "2 passed, 0 failed")

	w.edit("greet/main.go", "in.Name}", "in.Nam}")
	w.run("plugin", "build", greet).want(t, ExitFailure, "in.Nam undefined", "go build says above why")
}

func TestPluginRun_EndsAsTheAttemptDid(t *testing.T) {
	w := newWorkbench(t)
	greet := w.greet()
	w.run("plugin", "run", greet, "--payload", `{"name": ""}`).want(t, ExitNotDone, "fail", "no_name: nobody to greet")
	w.run("plugin", "run", greet, "--payload", `{"name": 1}`).want(t, ExitNotDone, "refused at enqueue", "/name ")
	w.run("plugin", "run", greet, "--payload", `{"name": "you"}`, "--limit", "fuel=1000").want(t, ExitNotDone, "failed", "limit_fuel", "1000")
	w.run("plugin", "run", greet, "--payload", `{"name": "you"}`, "--limit", "fule=1000").want(t, ExitUsage, `unknown field "fule"`)
	w.run("plugin", "run", greet, "--payload", `{name`).want(t, ExitRefused, "--payload is not JSON")
	w.run("plugin", "run", w.path("nowhere")).want(t, ExitNotFound, "neither a plugin's folder nor a module")
	w.run("plugin", "run", w.dir).want(t, ExitNotFound, "lessee plugin new")

	envelope := `{"abi": 1, "job": {"id": 7, "class": "greet", "attempt": 2, "max_attempts": 5, "enqueued_at": "2026-01-01T00:00:00Z", "deadline": "2126-01-01T00:00:00Z"}, "trace": {"traceparent": ""}, "payload": {"name": "you"}}`
	first := decode[author.Report](t, w.run("plugin", "run", greet, "--envelope", envelope, "--json"))
	again := decode[author.Report](t, w.run("plugin", "run", greet+"/greet.wasm", "--envelope", envelope, "--json"))
	if first.Result.Status != abi.StatusOK || first.Usage.Fuel == 0 || first.Usage.Fuel != again.Usage.Fuel {
		t.Errorf("%+v, and again %+v", first, again)
	}
}

func TestPluginRun_TakesTheRowOfAClass(t *testing.T) {
	w, i := newWorkbench(t), install(t)
	greet := w.greet()
	w.dsn = i.operator
	w.run("plugin", "push", greet, "--class", "greet", "--create", "--reason", "test").want(t, ExitOK)
	w.run("class", "set", "greet", "--limit", "fuel=1000", "--reason", "too little").want(t, ExitOK)
	row := w.run("class", "show", "greet", "--json").want(t, ExitOK).out
	if err := os.WriteFile(w.path("row.json"), []byte(row), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run("plugin", "run", greet, "--class-row", "@"+w.path("row.json"), "--payload", `{"name": "you"}`).want(t, ExitNotDone, "limit_fuel")
}

func TestPluginInspect_EndsWithCode4WhenAHostWouldRefuse(t *testing.T) {
	w := newWorkbench(t)
	if err := os.WriteFile(w.path("a.wasm"), []byte("\x00asm\x0d\x00\x01\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run("plugin", "inspect", w.path("a.wasm")).want(t, ExitRefused, "REFUSED", "this is a component")
	var o author.Outline
	if err := json.Unmarshal([]byte(w.run("plugin", "inspect", w.path("a.wasm"), "--json").out), &o); err != nil || o.Refused == "" {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestPluginPush_RegistersAndPointsAClass(t *testing.T) {
	w, i := newWorkbench(t), install(t)
	greet := w.greet()
	w.dsn = i.operator
	w.run("plugin", "push", greet, "--class", "greet", "--reason", "first").want(t, ExitNotFound, `class "greet" is not registered`, "--create")
	w.run("plugin", "push", greet, "--class", "greet").want(t, ExitUsage, "--reason is missing")
	w.run("plugin", "push", greet, "--class", "greet", "--create", "--reason", "first").want(t, ExitOK, "module greet@0.1.0 was registered before", "class greet is registered and enabled", "no host runs now")
	w.run("class", "show", "greet").want(t, ExitOK, "greet@0.1.0", "me")

	w.edit("greet/main.go", "Hello", "Hi")
	w.run("plugin", "push", greet, "--class", "greet", "--reason", "second").want(t, ExitRefused, "a version is immutable", "--dev")
	w.run("plugin", "push", greet, "--dev", "--class", "greet", "--reason", "second").want(t, ExitOK, "module greet@0.1.0+", "class greet is changed")
}

func TestPluginPush_AndPullCarryAModuleAndItsSignatureThroughARegistry(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	address := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/team/greet:0.1.0"
	w := newWorkbench(t)
	greet := w.greet()
	w.run("key", "generate", w.path("me.key"), "--no-password").want(t, ExitOK)
	w.run("plugin", "sign", greet+"/greet.wasm", "--key", w.path("me.key")).want(t, ExitOK, "greet.wasm.minisig")
	w.run("plugin", "push", greet, address).want(t, ExitOK, "greet@0.1.0 is at "+address, "1 signatures")
	w.run("plugin", "push", greet, "ghcr.io/me/greet").want(t, ExitUsage, "no address")

	fetched := w.path("fetched.wasm")
	w.run("plugin", "pull", address, "--output", fetched).want(t, ExitOK, "contract core", "1 signatures")
	for _, ending := range []string{"", ".minisig"} {
		sent, err := os.ReadFile(greet + "/greet.wasm" + ending)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(fetched + ending); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("fetched.wasm%s is not what was sent: %v", ending, err)
		}
	}
	if err := os.WriteFile(fetched, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run("plugin", "pull", address, "--output", fetched).want(t, ExitRefused, "holds something else")
	w.run("plugin", "pull", strings.Replace(address, "0.1.0", "9", 1), "--output", fetched).want(t, ExitFailure, "not found")
}

func TestPluginPack_AndSDKChangeWhatTheySay(t *testing.T) {
	w := newWorkbench(t)
	greet := w.greet()
	if err := os.WriteFile(w.path("m.json"), []byte(`{"name": "packed", "abi": 1, "wants": {}, "schemas": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run("plugin", "pack", greet+"/greet.wasm", "--manifest", w.path("m.json"), "-o", w.path("packed.wasm")).want(t, ExitOK, "sha256")
	w.run("plugin", "inspect", w.path("packed.wasm")).want(t, ExitOK, `"name":"packed"`)
	w.edit("greet/lessee/abi/doc.go", "const Version = 1", "const Version = 2")
	w.run("plugin", "sdk", greet).want(t, ExitOK, "has the SDK of lessee")
	text, err := os.ReadFile(w.path("greet/lessee/abi/doc.go"))
	if err != nil || !strings.Contains(string(text), "const Version = 1") {
		t.Errorf("the SDK is as it was: %v", err)
	}
	w.run("plugin", "setup", "go").want(t, ExitRefused, "https://go.dev/dl")
}

// awaited waits for texts in what a program says, one after the other.
type awaited struct {
	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{}
}

func (a *awaited) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said.Write(p)
	select {
	case a.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (a *awaited) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		a.mu.Lock()
		_, after, found := bytes.Cut(a.said.Bytes(), []byte(text))
		if found {
			rest := bytes.Clone(after)
			a.said.Reset()
			a.said.Write(rest)
			a.mu.Unlock()
			return
		}
		a.mu.Unlock()
		select {
		case <-a.more:
		case <-deadline:
			t.Fatalf("it does not say %q:\n%s", text, &a.said)
		}
	}
}

func TestPluginWatch_BuildsTestsAndRunsWhateverIsSavedAndEndsByCtrlC(t *testing.T) {
	w := newWorkbench(t)
	greet := w.greet()
	ctx, interrupt := context.WithCancel(t.Context())
	heard, ended := &awaited{more: make(chan struct{}, 1)}, make(chan said, 1)
	go func() {
		ended <- w.runIn(ctx, heard, "plugin", "watch", greet, "--payload", `{"name": "you"}`)
	}()
	heard.await(t, "2 passed, 0 failed")
	heard.await(t, "Hello, you")
	w.edit("greet/main.go", "in.Name}", "in.Nam}")
	heard.await(t, "in.Nam undefined")
	w.edit("greet/main.go", "in.Nam}", "in.Name}")
	heard.await(t, "2 passed, 0 failed")
	w.edit("greet/main.go", "Hello", "Hi")
	heard.await(t, "1 passed, 1 failed")
	heard.await(t, "Hi, you")
	interrupt()
	(<-ended).want(t, ExitOK)
}
