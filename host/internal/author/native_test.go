package author

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What go.mod of a new plugin requires must be what sdk/process is built with.
func TestGoNative_RequiresWhatTheSDKIsBuiltWith(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "../../../sdk/process", "../../../sdk/sdktest").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := goModules(shipped)
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		module, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if module == "" {
			continue
		}
		needed[module] = true
		if !strings.Contains(files["go.mod"], "\t"+module+" "+version+"\n") {
			t.Errorf("the go.mod of a new plugin does not require %s %s", module, version)
		}
	}
	for _, module := range nativeModules() {
		if !needed[module] {
			t.Errorf("%s is required, and nothing of it is built", module)
		}
	}
}

func TestGoNative_LeavesAnAuthorsOwnSumsAlone(t *testing.T) {
	p, err := Scaffold(shipped, GoNative, "greet", filepath.Join(t.TempDir(), "greet"))
	if err != nil {
		t.Fatal(err)
	}
	sums := filepath.Join(p.Dir, "go.sum")
	if err := os.WriteFile(sums, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Renew(shipped, p); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(sums); err != nil || string(data) != "mine\n" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestBundle_HoldsWhatAJobNeedsAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.mjs": "1", "handler.test.mjs": "", "README.md": "", "plugin.json": "{}", ".git/config": "", "tests/a.input.json": "{}", "old.tar": "",
		"lessee/index.mjs": "3", "data/words.txt": "4", "data/README.md": "5", "packages/x/index.js": "6", "packages/x/index.d.ts": "", "packages/x/readme.md": "",
	} {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"node_modules/lessee": "../lessee", "node_modules/x": "../packages/x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	names, data := packed(t, dir)
	want := []string{"data/README.md", "data/words.txt", "main.mjs", "node_modules/lessee/index.mjs", "node_modules/x/index.js",
		"packages/x/index.d.ts", "packages/x/index.js", "packages/x/readme.md"}
	if !slices.Equal(names, want) {
		t.Errorf("it holds %v, want %v", names, want)
	}
	if _, again := packed(t, dir); !bytes.Equal(data, again) {
		t.Error("the same files make other bytes")
	}
	if err := os.Symlink(".", filepath.Join(dir, "data", "circle")); err != nil {
		t.Fatal(err)
	}
	b := &packer{w: tar.NewWriter(io.Discard), language: Node}
	b.dir(dir, "", 0)
	wantSaid(t, b.err, "circle")
}

func packed(t *testing.T, dir string) (names []string, data []byte) {
	t.Helper()
	var out bytes.Buffer
	b := &packer{w: tar.NewWriter(&out), language: Node}
	b.dir(dir, "", 0)
	if b.err != nil {
		t.Fatal(b.err)
	}
	if err := b.w.Close(); err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(out.Bytes())); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names, out.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}

func TestIdentify_TellsNativeModulesFromWASM(t *testing.T) {
	var bundle bytes.Buffer
	b := &packer{w: tar.NewWriter(&bundle)}
	b.add(manifestFile, 0o644, []byte(`{"name":"greet","version":"1","abi":1}`))
	if err := b.w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := Identify(bundle.Bytes())
	if err != nil || info.Contract != ContractNative || info.Manifest == nil || info.Manifest.Name != "greet" {
		t.Errorf("a bundle is %+v, %v", info, err)
	}
	if info, err := Identify([]byte("\x7fELF…")); err != nil || info.Contract != ContractNative {
		t.Errorf("a program is %+v, %v", info, err)
	}
	if _, err := Identify([]byte("#!/bin/sh\n")); err == nil {
		t.Error("a script is a module")
	}
}
