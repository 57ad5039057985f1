package author

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lessee-run/lessee/host/internal/process"
)

// shipped is the tree that a release holds.
var shipped = os.DirFS("../../..")

// cacheDir keeps what the tests of this package compile.
var cacheDir string

func TestMain(m *testing.M) {
	process.LaunchIfAsked()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lessee-test-cache-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	cacheDir = dir
	return m.Run()
}

func workshop(t *testing.T) *Workshop {
	t.Helper()
	w, err := OpenWorkshop(t.Context(), cacheDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// newProject is what `lessee plugin new --lang go greet` makes.
func newProject(t *testing.T) *Project {
	t.Helper()
	p, err := Scaffold(shipped, Go, "greet", filepath.Join(t.TempDir(), "greet"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// greeter is the module of a new project, built once.
var greeter = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "lessee-test-greet-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	p, err := Scaffold(shipped, Go, "greet", filepath.Join(dir, "greet"))
	if err != nil {
		return nil, err
	}
	w, err := OpenWorkshop(context.Background(), cacheDir)
	if err != nil {
		return nil, err
	}
	defer w.Close(context.Background()) //nolint:errcheck // the module is what matters
	b, err := Build(context.Background(), w, p, os.Stderr)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(b.Path)
})

// load is the greeter, admitted.
func load(t *testing.T) *Module {
	t.Helper()
	binary, err := greeter()
	if err != nil {
		t.Fatal(err)
	}
	m, err := workshop(t).Load(t.Context(), binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// edit replaces a text in a file of a project.
func edit(t *testing.T, p *Project, name, from, to string) {
	t.Helper()
	file := filepath.Join(p.Dir, name)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("%s does not hold %q", name, from)
	}
	put(t, p, name, strings.ReplaceAll(string(data), from, to))
}

func put(t *testing.T, p *Project, name, text string) {
	t.Helper()
	if err := writeFile(filepath.Join(p.Dir, name), []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// wantSaid fails the test unless an error says every one of the texts.
func wantSaid(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("it does not say %q:\n%v", text, err)
		}
	}
}
