package wasm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

func withManifest(t testing.TB, binary []byte, m abi.Manifest) []byte {
	t.Helper()
	out, err := WithManifest(binary, m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said is a module with a custom section of that content.
func said(content string) []byte {
	body := slices.Concat(sized([]byte(abi.ManifestSection)), []byte(content))
	return slices.Concat([]byte{sectionCustom}, sized(body))
}

func TestAManifestTravelsInTheModule(t *testing.T) {
	plain := good().assemble()
	m := abi.Manifest{Name: "greet", Version: "1.2.0", Wants: abi.Wants{Events: []string{"greeted"}, HTTP: true}}
	first := withManifest(t, plain, m)
	m.Version = "1.3.0"
	second := withManifest(t, first, m)
	if !bytes.HasPrefix(second, plain) || len(second) != len(first) {
		t.Error("packing again changed more than the manifest")
	}
	info, err := Inspect(second)
	if err != nil || info.Manifest == nil {
		t.Fatalf("got %+v, %v", info, err)
	}
	if info.Manifest.ABI != abi.Version || info.Manifest.Version != "1.3.0" || !info.Manifest.Wants.HTTP || info.Contract != ContractCore {
		t.Errorf("got %+v", info.Manifest)
	}
	if info, err = Inspect(plain); err != nil || info.Manifest != nil {
		t.Errorf("without one: %+v, %v", info, err)
	}
	loaded, stages := admit(t, newEngine(t, Config{CacheDir: sharedCache}), second)
	if got := loaded.Manifest(); got == nil || got.Name != "greet" || stages[2].State != registry.StagePassed {
		t.Errorf("got %+v, %+v", got, stages)
	}
}

func TestAManifestDoesNotChangeWhatAModuleDoes(t *testing.T) {
	binary := wasmtest.Build(t, "./testdata/order")
	m, _ := admit(t, newEngine(t, Config{CacheDir: sharedCache}), withManifest(t, binary, abi.Manifest{Name: "order"}))
	result, packed, err := m.Execute(t.Context(), anyClass(), orderEnvelope(t, 0), discard{})
	if err != nil || result.Status != abi.StatusOK {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, plain, err := load(t, binary).Execute(t.Context(), anyClass(), orderEnvelope(t, 0), discard{}); err != nil || packed.MemoryBytes != plain.MemoryBytes {
		t.Errorf("usage %+v with a manifest, %+v without, %v", packed, plain, err)
	}
}

func TestABadManifestIsRefusedWithTheSentenceThatMendsIt(t *testing.T) {
	cases := map[string]struct {
		sections string
		want     []string
	}{
		"two":           {string(said(`{"abi":1}`)) + string(said(`{"abi":1}`)), []string{"2 custom sections lessee.manifest", "pack one"}},
		"no JSON":       {string(said(`name: x`)), []string{"lessee.manifest", "no JSON", "Mend"}},
		"a misspelling": {string(said(`{"abi":1,"want":{}}`)), []string{`"want"`, "Mend"}},
		"another ABI":   {string(said(`{"abi":9}`)), []string{"ABI v9", `set "abi": 1`}},
		"too large":     {string(said(`{"abi":1,"name":"` + strings.Repeat("x", maxManifest) + `"}`)), []string{"at most 1048576", "shorten"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			binary := append(good().assemble(), c.sections...)
			_, inspected := Inspect(binary)
			stages, loaded := refused(t, newEngine(t, Config{CacheDir: sharedCache}), binary)
			for _, want := range c.want {
				if inspected == nil || !strings.Contains(inspected.Error(), want) || !strings.Contains(loaded.Error(), want) {
					t.Errorf("%q is not in: %v; %v", want, inspected, loaded)
				}
			}
			if last := stages[len(stages)-1]; last.Name != registry.StageManifest || last.State != registry.StageFailed {
				t.Errorf("it failed at %+v", last)
			}
		})
	}
}

func TestWithManifestRefusesWhatIsNoModule(t *testing.T) {
	for _, binary := range [][]byte{nil, []byte("hello"), []byte("\x00asm\x01\x00\x00\x00\x01\x7f")} {
		if _, err := WithManifest(binary, abi.Manifest{}); err == nil {
			t.Errorf("%q was packed", binary)
		}
	}
	if _, err := WithManifest(good().assemble(), abi.Manifest{ABI: 9}); err == nil {
		t.Error("a manifest for another ABI was packed")
	}
	if _, err := WithManifest(good().assemble(), abi.Manifest{Schemas: abi.Schemas{Payload: json.RawMessage("{")}}); err == nil {
		t.Error("a broken schema was packed")
	}
}
