//go:build stdlib

package meter_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

// packages are those whose own tests run metered. They take minutes.
//
//	go test -tags stdlib -run StandardLibrary -timeout 60m -v ./host/internal/wasm/meter
var packages = []string{"sort", "strings", "sync", "regexp", "encoding/json", "compress/flate", "math/big"}

func TestTheStandardLibraryPassesItsTestsMetered(t *testing.T) {
	root := goEnv(t, "GOROOT")
	for _, pkg := range packages {
		t.Run(pkg, func(t *testing.T) {
			binary := buildTest(t, pkg)
			h := newHost(t, wazero.NewRuntimeConfigCompiler())
			ctx := experimental.WithCompilationWorkers(context.Background(), runtime.NumCPU())
			var out bytes.Buffer
			dir := filepath.Join(root, "src", filepath.FromSlash(pkg))
			config := wazero.NewModuleConfig().WithStdout(&out).WithStderr(&out).WithArgs("test", "-test.short", "-test.v").
				WithEnv("PWD", dir).WithEnv("GOROOT", root).WithEnv("TMPDIR", "/tmp").
				WithSysWalltime().WithSysNanotime().WithSysNanosleep().
				WithFSConfig(wazero.NewFSConfig().WithReadOnlyDirMount("/", "/").WithDirMount(t.TempDir(), "/tmp"))
			start := time.Now()
			_, err := h.runtime.InstantiateWithConfig(ctx, rewrite(t, binary).Module, config)
			if trap := trapOf(err); trap != "" && trap != "module closed with exit_code(0)" {
				t.Errorf("%s\n%s", trap, tail(out.String()))
			}
			passed := strings.Count(out.String(), "--- PASS: ")
			if t.Logf("%d tests passed in %v, with %d ticks", passed, time.Since(start).Round(time.Second), h.ticks); passed == 0 {
				t.Error(tail(out.String()))
			}
		})
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func buildTest(t *testing.T, pkg string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "test.wasm")
	cmd := exec.Command("go", "test", "-c", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the tests of %s: %v\n%s", pkg, err, said)
	}
	return read(t, out)
}

func tail(s string) string { return s[max(0, len(s)-4000):] }
