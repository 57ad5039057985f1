//go:build linux && sdks

package process

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

// bundles are the SDKs of other languages: what runs their bundles, what goes
// into them, and the example.
var bundles = map[string]struct {
	interpreter, sdk, example string
	files                     map[string]string // of the SDK: where they go
}{
	"python3": {"/usr/bin/python3", "../../../sdk/python", "examples/greet/greet.py", map[string]string{"lessee": "lessee"}},
	"node": {"", "../../../sdk/node", "examples/greet/greet.mjs", map[string]string{
		"index.mjs": "node_modules/lessee/index.mjs", "package.json": "node_modules/lessee/package.json", "runtime": "node_modules/lessee/runtime",
		"proto": "node_modules/lessee/proto", "node_modules": "node_modules",
	}},
}

func TestEngine_RunsBundlesInOtherLanguages(t *testing.T) {
	for name, b := range bundles {
		t.Run(name, func(t *testing.T) {
			path := b.interpreter
			if path == "" {
				path, _ = exec.LookPath(name) // Load says that it is missing
			}
			e := newBench(t, func(c *Config) { c.Interpreters = map[string]string{name: path} })
			m := e.load(bundled(t, name))
			class := newClass(nil)
			heard := &ear{}
			result, _, err := m.Execute(t.Context(), &class, envelope(t, object{"name": "world"}), heard)
			if err != nil || string(result.Output) != `"Hello, world"` || !heard.heard("1 greeting name=world") {
				t.Errorf("%+v, %v; heard %v", result, err, heard.lines)
			}
			result, _, err = m.Execute(t.Context(), &class, envelope(t, object{"name": 1}), heard)
			if err != nil || result.Status != abi.StatusFail || result.Error.Code != abi.CodePayloadInvalid {
				t.Errorf("%+v, %v", result, err)
			}
			if m.Manifest() == nil || m.Manifest().Name != "greet" {
				t.Errorf("its manifest is %+v", m.Manifest())
			}
			if ready, why := m.Ready(class); !ready {
				t.Error(why)
			} else {
				t.Log(why)
			}
		})
	}
}

// bundled packs the example of a language as its author would.
func bundled(t *testing.T, name string) []byte {
	t.Helper()
	b := bundles[name]
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	pack := func(name string, data []byte) {
		t.Helper()
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	command, _ := json.Marshal(object{"command": []string{name, filepath.Base(b.example)}})
	pack(bundleFile, command)
	pack("lessee.manifest", []byte(`{"name": "greet", "version": "1.0.0"}`))
	for from, to := range b.files {
		root := filepath.Join(b.sdk, from)
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			within, _ := filepath.Rel(root, path)
			pack(filepath.ToSlash(filepath.Join(to, within)), data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(b.sdk, b.example))
	if err != nil {
		t.Fatal(err)
	}
	pack(filepath.Base(b.example), data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
