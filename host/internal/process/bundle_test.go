package process

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/registry"
)

// pack makes a bundle of files; names that end in * are executable.
func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		plain := strings.TrimSuffix(name, "*")
		mode := int64(0o644)
		if plain != name {
			mode = 0o755
		}
		if err := w.WriteHeader(&tar.Header{Name: plain, Mode: mode, Size: int64(len(text)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func goodBundle(t *testing.T) map[string]string {
	return map[string]string{"plugin.json": `{"command": ["./bin/good"]}`, "bin/good*": string(program(t, "good")), "data/words.txt": "words"}
}

func (b *bench) refuses(data []byte, says string) {
	b.t.Helper()
	m, err := b.Load(b.t.Context(), digestOf(data), Source{Bytes: data}, func(registry.Stage) {})
	if err == nil {
		m.Close(b.t.Context()) //nolint:errcheck // never fails
		b.t.Errorf("it was admitted, and not refused for %q", says)
	} else if !strings.Contains(err.Error(), says) {
		b.t.Errorf("it says %q, not %q", err, says)
	}
}

func TestBundle_RunsItsOwnProgram(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(pack(t, goodBundle(t)))
	if _, err := run1(t, m, newClass(nil), object{"log": "x"}, &ear{}); err != nil {
		t.Fatal(err)
	}
}

func TestBundle_RunsByAnInterpreterThatTheHostAllows(t *testing.T) {
	program(t, "good")
	files := map[string]string{"plugin.json": `{"command": ["fake", "main.x"]}`, "main.x": "print('hello')"}
	newBench(t, nil).refuses(pack(t, files), `to be run by "fake", which this host does not allow`)
	b := newBench(t, func(c *Config) { c.Interpreters = map[string]string{"fake": filepath.Join(built, "good")} })
	m := b.load(pack(t, files))
	if _, err := run1(t, m, newClass(nil), object{"log": "x"}, &ear{}); err != nil {
		t.Fatal(err)
	}
}

func TestBundle_InADirectoryIsKnownByItsListing(t *testing.T) {
	dir := t.TempDir()
	for name, text := range goodBundle(t) {
		path := filepath.Join(dir, strings.TrimSuffix(name, "*"))
		mode := os.FileMode(0o644)
		if strings.HasSuffix(name, "*") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	listing, err := Listing(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, nil)
	m, err := b.Load(t.Context(), digestOf(listing), Source{Path: dir}, func(registry.Stage) {})
	if err != nil {
		t.Fatal(err)
	}
	m.Close(t.Context()) //nolint:errcheck // never fails
	if err := os.WriteFile(filepath.Join(dir, "data/words.txt"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Load(t.Context(), digestOf(listing), Source{Path: dir}, func(registry.Stage) {}); err == nil || !strings.Contains(err.Error(), "not those that were registered") {
		t.Errorf("%v", err)
	}
}

func TestBundle_ThatChangedRefusesToStart(t *testing.T) {
	for name, change := range map[string]func(dir string) error{
		"data/words.txt is another": func(dir string) error { return os.WriteFile(filepath.Join(dir, "data/words.txt"), []byte("x"), 0o644) },
		"data/new.txt is new":       func(dir string) error { return os.WriteFile(filepath.Join(dir, "data/new.txt"), []byte("x"), 0o644) },
		"files are gone":            func(dir string) error { return os.Remove(filepath.Join(dir, "data/words.txt")) },
	} {
		b := newBench(t, nil)
		m := b.load(pack(t, goodBundle(t)))
		dir := m.artifact.bundle.dir
		for _, path := range []string{dir, filepath.Join(dir, "data")} {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(dir, "data/words.txt"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		class := newClass(nil)
		await(t, name, func() bool {
			ready, why := m.Ready(class)
			return !ready && strings.Contains(why, name) && strings.Contains(why, "the bundle has changed")
		})
	}
}

func TestBundle_ThatCanNotBeOneIsRefused(t *testing.T) {
	b := newBench(t, nil)
	for says, files := range map[string]map[string]string{
		"has no plugin.json":    {"main.py": "x"},
		"can't be read":         {"plugin.json": "{"},
		"names no command":      {"plugin.json": "{}"},
		"unknown field":         {"plugin.json": `{"comand": []}`},
		"no such file":          {"plugin.json": `{"command": ["./missing"]}`},
		"neither an ELF":        {"plugin.json": `{"command": ["./x"]}`, "x*": "#!/bin/sh\n"},
		"which this host does ": {"plugin.json": `{"command": ["sh", "-c", "true"]}`},
	} {
		b.refuses(pack(t, files), says)
	}
	var links bytes.Buffer
	w := tar.NewWriter(&links)
	if err := w.WriteHeader(&tar.Header{Name: "plugin.json", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink, Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b.refuses(links.Bytes(), "neither a file nor a directory")
	b.refuses(pack(t, map[string]string{"plugin.json": "{}", "../../escape": "x", "/etc/escape": "x"}), "names no command") // they stay inside
}
