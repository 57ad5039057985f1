package wasm

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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

func TestACacheEntryIsReusedAndADamagedOneReplaced(t *testing.T) {
	dir := t.TempDir()
	logs := loadOnce(t, dir)
	entries := cacheEntries(t, dir)
	if len(entries) != 1 || logs.Len() != 0 {
		t.Fatalf("%v, %v", entries, logs.All())
	}
	overwrite(t, entries[0])
	if logs = loadOnce(t, dir); logs.FilterMessageSnippet("emptied").Len() != 1 {
		t.Errorf("the damage was not told: %v", logs.All())
	}
	if logs = loadOnce(t, dir); logs.Len() != 0 || !slices.Equal(cacheEntries(t, dir), entries) {
		t.Errorf("the entry was not mended: %v", logs.All())
	}
}

func TestACacheThatStopsTakingEntriesIsDoneWithout(t *testing.T) {
	dir := t.TempDir()
	core, logs := observer.New(zap.WarnLevel)
	e := newEngine(t, Config{CacheDir: dir, Log: zap.New(core)})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	m := loadInto(t, e)
	if _, _, err := m.Execute(t.Context(), anyClass(), envelope(t, nil), &recorder{}); codeOf(t, err) != abi.CodeResultInvalid {
		t.Errorf("the module does not run: %v", err)
	}
	if logs.FilterMessageSnippet("emptied").Len() != 1 {
		t.Errorf("got %v", logs.All())
	}
}

func TestACacheDirectoryThatOthersCanWriteIsNotUsed(t *testing.T) {
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	overwrite(t, file)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{open, file, filepath.Join(file, "below"), link} {
		if logs := loadOnce(t, dir); logs.FilterMessageSnippet("not cached").Len() != 1 {
			t.Errorf("%s was used: %v", dir, logs.All())
		}
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

func loadOnce(t *testing.T, dir string) *observer.ObservedLogs {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	e, err := New(t.Context(), Config{CacheDir: dir, Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	loadInto(t, e)
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return logs
}

func loadInto(t *testing.T, e *Engine) *Module {
	t.Helper()
	binary := good().assemble()
	m, err := e.Load(t.Context(), digestOf(binary), binary, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
