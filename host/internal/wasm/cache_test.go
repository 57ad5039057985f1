package wasm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
)

// answering is a module that gives an answer.
func answering(answer string) []byte {
	g := good()
	g.data = `{"status":"ok","output":"` + answer + `"}`
	g.execute = abi.Pack(16, uint32(len(g.data)))
	return g.assemble()
}

// answers loads a module, runs a job on it, and closes it.
func answers(t testing.TB, e *Engine, answer string) {
	t.Helper()
	binary := answering(answer)
	m, err := e.Load(context.Background(), digestOf(binary), binary, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(context.Background())
	result, _, err := m.Execute(context.Background(), anyClass(), envelope(t, nil), discard{})
	if err != nil || string(result.Output) != `"`+answer+`"` {
		t.Fatalf("got %s, %v", result.Output, err)
	}
}

func loggedEngine(t testing.TB, config Config) (*Engine, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	config.Log = zap.New(core)
	return newEngine(t, config), logs
}

// cached lists the files below the cache's part of dir whose names end so.
func cached(t testing.TB, dir, suffix string) (paths []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, codeDir, "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if filepath.Ext(path) == suffix {
			paths = append(paths, path)
		}
	}
	return paths
}

func entryOf(t testing.TB, dir string) string {
	t.Helper()
	entries := cached(t, dir, "")
	if len(entries) != 1 {
		t.Fatalf("the cache holds %q", entries)
	}
	return entries[0]
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCache_AnEntryIsReused(t *testing.T) {
	dir := t.TempDir()
	e, logs := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "first")
	entry := entryOf(t, dir)
	before, err := os.Stat(entry)
	if err != nil {
		t.Fatal(err)
	}
	e, _ = loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "first")
	if after, err := os.Stat(entry); err != nil || !os.SameFile(before, after) || len(cached(t, dir, sealSuffix)) != 1 || logs.Len() != 0 {
		t.Errorf("the entry was written anew: %v, %v", err, logs.All())
	}
}

// The engine's own checksum covers the machine code alone: one wrong byte in
// the table of functions, and the daemon jumps into nowhere.
func TestCache_ADamagedEntryIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	e, logs := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "first")
	entry := entryOf(t, dir)
	sound := read(t, entry)
	damages := map[string][]byte{"empty": {}, "one byte": sound[:1], "half": sound[:len(sound)/2], "longer": append(slices.Clone(sound), 0), "text": []byte("not what was written")}
	for at := 0; at < len(sound); at++ {
		if at > 80 && at < len(sound)-20 { // the header and the table of functions, and what follows the code
			at += len(sound) / 20
		}
		at = min(at, len(sound)-1)
		damages[fmt.Sprint("byte ", at)] = flipped(sound, at)
	}
	for name, damage := range damages {
		write(t, entry, damage)
		answers(t, e, "first")
		if !bytes.Equal(read(t, entry), sound) {
			t.Errorf("%s: the entry was not mended", name)
		}
	}
	if told := logs.FilterMessageSnippet("damaged").Len(); told != len(damages) || logs.Len() != told {
		t.Errorf("%d damages, told are %d: %v", len(damages), told, logs.All()[0])
	}
	write(t, entry+sealSuffix, flipped(read(t, entry+sealSuffix), 3))
	answers(t, e, "first")
	if string(read(t, entry+sealSuffix)) != digestOf(sound) {
		t.Error("a damaged seal was not mended")
	}
}

func flipped(data []byte, at int) []byte {
	out := slices.Clone(data)
	out[at] ^= 0x10
	return out
}

func TestCache_AnEntryWithoutASealIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	e, logs := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "first")
	entry := entryOf(t, dir)
	sound := read(t, entry)
	write(t, entry, flipped(sound, 20))
	if err := os.Remove(entry + sealSuffix); err != nil {
		t.Fatal(err)
	}
	answers(t, e, "first")
	if !bytes.Equal(read(t, entry), sound) || len(cached(t, dir, sealSuffix)) != 1 || logs.Len() != 0 {
		t.Errorf("it was not made anew: %v", logs.All())
	}
}

func TestCache_ADirectoryThatOthersCanWriteIsNotUsed(t *testing.T) {
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{open, file, filepath.Join(file, "below"), link} {
		e, logs := loggedEngine(t, Config{CacheDir: dir})
		answers(t, e, "first")
		if logs.FilterMessageSnippet("not cached").Len() != 1 {
			t.Errorf("%s was used: %v", dir, logs.All())
		}
	}
}

// Nobody can write below a file, root neither.
func TestCache_ADirectoryThatCanNotBeWrittenAnyMoreIsDoneWithout(t *testing.T) {
	dir := t.TempDir()
	e, logs := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "first")
	if err := os.RemoveAll(filepath.Join(dir, codeDir)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, codeDir), nil)
	answers(t, e, "first")
	answers(t, e, "second")
	if logs.FilterMessageSnippet("not cached").Len() != 2 {
		t.Errorf("got %v", logs.All())
	}
}

// fullDisk tells this test's child process where the cache is.
const fullDisk = "LESSEE_TEST_FULL_DISK"

// A disk that takes no more is played by a limit on the size of files, in a
// process of its own, because the limit holds for all of a process.
func TestCache_AFullDiskIsDoneWithout(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		runOnAFullDisk(t, dir)
		return
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), fullDisk+"="+dir)
	said, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(said, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("%v\n%s", err, said)
	}
	if left := append(cached(t, dir, ""), cached(t, dir, ".tmp")...); len(left) > 0 {
		t.Errorf("it left %q behind", left)
	}
	e, logs := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "first")
	if entryOf(t, dir); logs.Len() != 0 {
		t.Errorf("the cache does not work again: %v", logs.All())
	}
}

func runOnAFullDisk(t *testing.T, dir string) {
	e, logs := loggedEngine(t, Config{CacheDir: dir, Restore: image.Copy}) // the others keep images in files
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: 100}); err != nil {
		t.Fatal(err)
	}
	answers(t, e, "first")
	answers(t, e, "second")
	if logs.FilterMessageSnippet("could not be written").Len() != 2 {
		t.Errorf("got %v", logs.All())
	}
}

func TestCache_StaysBelowItsBoundAndForgetsWhatWasNotUsed(t *testing.T) {
	dir := t.TempDir()
	e, _ := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "a")
	size := sizeOf(t, cached(t, dir, ""), cached(t, dir, sealSuffix))
	e, logs := loggedEngine(t, Config{CacheDir: dir, CacheBytes: 4 * size})
	kept := entryOf(t, dir)
	for _, answer := range strings.Split("bcdefghijk", "") {
		answers(t, e, answer)
		ageAll(t, dir)
		answers(t, e, "a") // keeps its entry young
	}
	entries := cached(t, dir, "")
	if now := sizeOf(t, entries, cached(t, dir, sealSuffix)); now > 4*size || len(entries) < 2 {
		t.Errorf("%d entries of %d bytes, the bound is %d", len(entries), now, 4*size)
	}
	if !slices.Contains(entries, kept) || logs.Len() != 0 {
		t.Errorf("the entry in use was forgotten: %v", logs.All())
	}
}

func sizeOf(t testing.TB, lists ...[]string) (n int64) {
	t.Helper()
	for _, path := range slices.Concat(lists...) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

// ageAll makes everything in the cache an hour older.
func ageAll(t testing.TB, dir string) {
	t.Helper()
	age(t, cached(t, dir, "")...)
	age(t, cached(t, dir, sealSuffix)...)
}

func age(t testing.TB, paths ...string) {
	t.Helper()
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		then := info.ModTime().Add(-time.Hour)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCache_WhatWasLeftBehindGoes_ButNothingThatMayBeInTheMaking(t *testing.T) {
	dir := t.TempDir()
	e, _ := loggedEngine(t, Config{CacheDir: dir})
	answers(t, e, "a")
	entry := entryOf(t, dir)
	module := filepath.Dir(filepath.Dir(entry))
	older := filepath.Join(module, "wazero-v1.0.0-amd64-linux")
	if err := os.Mkdir(older, 0o700); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "postgres")
	old := []string{entry + ".123.tmp", filepath.Join(filepath.Dir(entry), strings.Repeat("0", 64)), filepath.Join(older, "entry"), filepath.Join(older, "entry"+sealSuffix)}
	young := []string{entry + ".456.tmp", filepath.Join(filepath.Dir(entry), strings.Repeat("1", 64))}
	for _, path := range append(append(slices.Clone(old), young...), foreign) {
		write(t, path, []byte("x"))
	}
	age(t, append(slices.Clone(old), foreign)...)
	newEngine(t, Config{CacheDir: dir})
	age(t, older)
	newEngine(t, Config{CacheDir: dir})
	for _, path := range append(old, older) {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	for _, path := range append(young, foreign, entry, entry+sealSuffix) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
