//go:build sdks

package author

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestNativeLanguages_BuildAndPassTheirPairsAsTheyAreScaffolded(t *testing.T) {
	own := map[Language][]string{
		Python: {"-m", "unittest"}, Node: {"node", "--test", "handler.test.mjs"}, GoNative: {"go", "test", "./..."},
	}
	python, err := interpreter(t.Context(), "python3")
	if err != nil {
		t.Fatal(err)
	}
	own[Python] = append([]string{python}, own[Python]...)
	w := workshop(t)
	for _, l := range NativeLanguages() {
		t.Run(string(l), func(t *testing.T) {
			p, err := Scaffold(shipped, l, "greet", filepath.Join(t.TempDir(), "greet"))
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			b, err := Build(t.Context(), w, p, &said)
			if err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			if b.Contract != ContractNative || b.Manifest.Name != "greet" || b.Manifest.Version != "0.1.0" || !strings.Contains(string(b.Manifest.Schemas.Payload), `"name"`) {
				t.Errorf("it built %+v", b)
			}
			passesPairs(t, w, p)
			cmd := exec.Command(own[l][0], own[l][1:]...)
			cmd.Dir = p.Dir
			if said, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", own[l], err, said)
			}
		})
	}
}

func passesPairs(t *testing.T, w *Workshop, p *Project) {
	t.Helper()
	data, err := os.ReadFile(p.Product())
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Load(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context()) //nolint:errcheck // the engine's Close waits for it
	pairs, err := p.Pairs()
	if err != nil || len(pairs) != 2 {
		t.Fatalf("%d pairs, %v", len(pairs), err)
	}
	for _, pair := range pairs {
		if got, err := pair.Check(t.Context(), m, ClassOf(m)); err != nil || !got.Passed {
			t.Errorf("%s: %+v, %v", pair.Name, got, err)
		}
	}
}

func TestGoNative_MustCallItselfAsItsFolderDoes(t *testing.T) {
	p, err := Scaffold(shipped, GoNative, "greet", filepath.Join(t.TempDir(), "greet"))
	if err != nil {
		t.Fatal(err)
	}
	p.Version = "0.2.0"
	_, err = Build(t.Context(), workshop(t), p, &strings.Builder{})
	wantSaid(t, err, `sdk.Named("greet", "0.2.0")`)
}

func TestPython_SaysWhatIsWrongWithAHandler(t *testing.T) {
	p, err := Scaffold(shipped, Python, "greet", filepath.Join(t.TempDir(), "greet"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Dir, "handler.py"), []byte("def handle(:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	_, err = Build(t.Context(), workshop(t), p, &said)
	wantSaid(t, err, "does not tell its manifest", "handler.py -manifest")
	if !strings.Contains(said.String(), "SyntaxError") {
		t.Errorf("Python says %q", said.String())
	}
}
