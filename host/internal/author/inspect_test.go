package author

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInspect_TellsAllOfAModule(t *testing.T) {
	binary, err := greeter()
	if err != nil {
		t.Fatal(err)
	}
	o, err := Inspect(t.Context(), workshop(t), binary, true)
	if err != nil || o.Refused != "" || o.Contract != "core" || o.MeteredBytes <= o.Size || o.Manifest.Name != "greet" || !slices.Contains(o.Exports, "lessee_execute") {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestInspect_TellsOfARefusedModuleWhatItHas(t *testing.T) {
	dir := t.TempDir()
	source, file := filepath.Join(dir, "main.go"), filepath.Join(dir, "main.wasm")
	if err := os.WriteFile(source, []byte("package main\n\n//go:wasmexport hello\nfunc hello() {}\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	binary, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Inspect(t.Context(), workshop(t), binary, true)
	if err != nil || !strings.Contains(o.Refused, "it does not export lessee_abi_version") || !slices.Contains(o.Exports, "hello") || o.MemoryBytes == 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestInspect_SaysWhatIsNoModule(t *testing.T) {
	o, err := Inspect(t.Context(), workshop(t), []byte("\x00asm\x0d\x00\x01\x00"), true)
	if err != nil || !strings.Contains(o.Refused, "component") || o.Size != 8 {
		t.Errorf("%+v, %v", o, err)
	}
}
