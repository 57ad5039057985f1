package author

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/wasm"
)

// A new plugin builds where nothing can be fetched, passes its own tests, and
// holds a manifest with the schemas of its handler's types.
func TestBuild_TakesANewPluginAsItIs(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	w, p := workshop(t), newProject(t)
	var said bytes.Buffer
	b, err := Build(t.Context(), w, p, &said)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	if b.Contract != wasm.ContractCore || len(b.Notes) > 0 || b.Manifest.Name != "greet" || b.Manifest.Version != "0.1.0" {
		t.Errorf("%+v", b)
	}
	if !strings.Contains(string(b.Manifest.Schemas.Payload), `"required"`) {
		t.Errorf("the schema of payloads is %s", b.Manifest.Schemas.Payload)
	}
	if stale, err := p.Stale(); err != nil || stale {
		t.Errorf("right after the build it is stale: %v, %v", stale, err)
	}
	module, err := os.ReadFile(p.Product())
	if err != nil || digestOf(module) != b.SHA256 {
		t.Fatalf("%v", err)
	}
	m, err := w.Load(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context()) //nolint:errcheck // the test's own
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

func TestBuild_ShowsTheCompilersWordsAndKeepsTheLastProduct(t *testing.T) {
	p := newProject(t)
	put(t, p, "greet.wasm", "the last product")
	edit(t, p, "main.go", `return Output{Greeting: "Hello, " + in.Name}, nil`, `return Output{Greeting: in.Nam}, nil`)
	var said bytes.Buffer
	_, err := Build(t.Context(), workshop(t), p, &said)
	if !errors.Is(err, ErrBuild) {
		t.Errorf("%v", err)
	}
	wantSaid(t, err, "go build says above why", "lessee plugin build")
	if !strings.Contains(said.String(), "main.go:33:") || !strings.Contains(said.String(), "in.Nam undefined") {
		t.Errorf("the compiler is quoted as %s", &said)
	}
	if left, err := os.ReadFile(p.Product()); err != nil || string(left) != "the last product" {
		t.Errorf("the product is %s, %v", left, err)
	}
}

func TestBuild_MendsAForgottenBuildmodeByASentence(t *testing.T) {
	p := newProject(t)
	p.Build = []string{"env", "GOOS=wasip1", "GOARCH=wasm", "go", "build", "-ldflags=-s -w", "-o", outputWord, "."}
	b, err := Build(t.Context(), workshop(t), p, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Notes) != 1 || !strings.Contains(b.Notes[0], "Was -buildmode=c-shared forgotten?") {
		t.Errorf("it says %q", b.Notes)
	}
}

func TestBuild_MendsAForgottenExportByASentence(t *testing.T) {
	p := newProject(t)
	put(t, p, "main.go", "package main\n\nfunc main() {}\n") // no SDK, and so none of its exports
	if err := os.Remove(filepath.Join(p.Dir, "main_test.go")); err != nil {
		t.Fatal(err)
	}
	_, err := Build(t.Context(), workshop(t), p, os.Stderr)
	if !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
	wantSaid(t, err, "it does not export lessee_abi_version, lessee_alloc, lessee_execute", "In go: keep `var plugin = sdk.Register(handler)`", "-buildmode=c-shared")
}

func TestBuild_MendsWhatIsNoCoreModuleByASentence(t *testing.T) {
	for name, c := range map[string]struct {
		product string
		says    []string
	}{
		"a component":      {"\x00asm\x0d\x00\x01\x00", []string{"this is a component", "Build for preview 1", "wasm32-wasip1"}},
		"a native program": {"\x7fELF\x02\x01\x01\x00", []string{"this is no WebAssembly", "GOOS=wasip1 GOARCH=wasm"}},
	} {
		p := newProject(t)
		put(t, p, "product", c.product)
		p.Build = []string{"cp", "product", outputWord}
		_, err := Build(t.Context(), workshop(t), p, os.Stderr)
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
		wantSaid(t, err, c.says...)
	}
}

func TestBuild_MendsAnSDKOfAnotherABIByASentenceThatWorks(t *testing.T) {
	w, p := workshop(t), newProject(t)
	edit(t, p, "lessee/abi/doc.go", "const Version = 1", "const Version = 2")
	_, err := Build(t.Context(), w, p, os.Stderr)
	wantSaid(t, err, "ABI v2", "lessee plugin sdk "+p.Dir)
	if !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}

	p.Schemas.Payload, p.Schemas.Output = []byte(`{}`), []byte(`{}`) // nobody asks the plugin then; the engine does
	_, err = Build(t.Context(), w, p, os.Stderr)
	wantSaid(t, err, "the module speaks ABI v2, this host v1", "lessee plugin sdk "+p.Dir)

	if err := Renew(shipped, p); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), w, p, os.Stderr); err != nil {
		t.Errorf("with the SDK of this release: %v", err)
	}
}

func TestBuild_SaysHowToGetAToolThatIsNotThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	p := newProject(t)
	_, err := Build(t.Context(), workshop(t), p, os.Stderr)
	wantSaid(t, err, "go is not on this machine", "https://go.dev/dl", "task sdks:setup")

	p.Language = C
	put(t, p, "handler.c", "")
	_, err = Build(t.Context(), workshop(t), p, os.Stderr)
	wantSaid(t, err, "clang is not on this machine", "apt-get install clang lld wasi-libc")
}

func TestBuild_SaysWhenACommandMadesNothing(t *testing.T) {
	p := newProject(t)
	p.Build = []string{"true", outputWord}
	_, err := Build(t.Context(), workshop(t), p, os.Stderr)
	wantSaid(t, err, "true ended well and made no file greet.wasm", `"build" in plugin.json must write to {out}`)
}

func TestPack_PutsAManifestIntoAModule(t *testing.T) {
	binary, err := greeter()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "packed.wasm")
	digest, err := Pack(binary, []byte(`{"name": "other", "version": "9", "abi": 1, "wants": {"commands": ["publish"]}, "schemas": {}}`), file)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := wasm.Inspect(packed)
	if err != nil || info.Digest != digest || info.Manifest.Name != "other" || info.Manifest.Wants.Commands[0] != "publish" {
		t.Errorf("%+v, %v", info, err)
	}
	_, err = Pack(binary, []byte(`{"abi": 1, "want": {}}`), file)
	wantSaid(t, err, `unknown field "want"`)
}
