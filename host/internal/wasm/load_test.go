package wasm

import (
	"context"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func TestLoadRefusesWithTheReasonAndTheRemedy(t *testing.T) {
	future := good()
	future.version = 2
	unlinkable := good()
	unlinkable.imports = []symbol{{module: wasiModule, name: "fd_teleport"}}
	cases := map[string]struct {
		binary []byte
		digest string
		want   []string
	}{
		"another digest":  {good().assemble(), strings.Repeat("0", 64), []string{"digest", "Add it again"}},
		"another version": {future.assemble(), "", []string{"speaks ABI v2", "this host v1", "SDK"}},
		"unknown WASI":    {unlinkable.assemble(), "", []string{"fd_teleport"}},
		"too large":       {make([]byte, 4097), "", []string{"4097", "4096"}},
		"no module":       {[]byte("hello"), "", []string{"no WebAssembly"}},
	}
	e := newEngine(t, Config{MaxModuleBytes: 4096})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.digest == "" {
				c.digest = digestOf(c.binary)
			}
			_, err := e.Load(t.Context(), c.digest, c.binary, nil)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

func TestAModuleCanBeClosedAndLoadedAgain(t *testing.T) {
	e := newEngine(t, Config{CacheDir: t.TempDir()})
	first := loadInto(t, e)
	second := loadInto(t, e)
	if err := first.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := second.Execute(t.Context(), anyClass(), envelope(t, nil), &recorder{}); codeOf(t, err) != abi.CodeResultInvalid {
		t.Errorf("the other copy was closed too: %v", err)
	}
	loadInto(t, e)
}

func loadInto(t testing.TB, e *Engine) *Module {
	t.Helper()
	binary := good().assemble()
	m, err := e.Load(t.Context(), digestOf(binary), binary, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
