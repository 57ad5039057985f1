package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/lessee-run/lessee/"

// allowed says, for each part of the tree, which other parts it may import.
// The longest matching prefix counts; docs/ARCHITECTURE.md draws the same
// arrows, and .golangci.yml holds them for editors.
var allowed = map[string][]string{
	"abi":                                 {},
	"abi/grpcabi":                         {"abi"},
	"registry":                            {"abi"},
	"migrations":                          {},
	"sdk":                                 {"abi", "sdk"},
	"plugins":                             {"abi", "sdk"},
	"examples":                            {"abi", "sdk"},
	"host/internal/job":                   {"abi", "registry"},
	"host/internal/executor":              {"abi", "registry", "host/internal/job"},
	"host/internal/worker":                {"abi", "registry", "host/internal/job"},
	"host/internal/metrics":               {"abi", "registry", "host/internal/job", "host/internal/worker"},
	"host/internal/wasm":                  {"abi", "registry", "host/internal/wasm"},
	"host/internal/author":                {"abi", "registry", "host/internal/wasm", "host/internal/egress", "host/internal/process", "host/internal/author"},
	"host/internal/conformance":           {"abi", "registry", "host/internal/wasm", "host/internal/author"},
	"host/internal/process":               {"abi", "registry"},
	"host/internal/process/testdata":      {"abi", "sdk"},
	"host/internal/signature":             {"abi", "registry"},
	"host/internal/egress":                {"abi", "registry"},
	"host/internal/postgres":              {"abi", "registry", "migrations", "host/internal/job"},
	"host/internal/postgres/postgrestest": {"host/internal/postgres", "host/internal/devpg/devpgtest"},
	"host/internal/devpg":                 {},
	"host/internal/devpg/devpgtest":       {"host/internal/devpg"},
	"host/internal/bench":                 {"abi", "registry", "host/internal/job", "host/internal/postgres", "host/internal/wasm", "host/internal/worker", "host/internal/bench"},
	"host/internal/bench/report":          {},
	"host/internal/bench/server":          {"host/internal/devpg", "host/internal/postgres"},
	"host/internal/wasm/wasmtest":         {},
	"host/internal/executor/executortest": {"abi", "registry", "host/internal/job", "host/internal/executor"},
	"host":                                {"abi", "registry", "host/internal"},
	"host/testdata":                       {"abi", "sdk"},
	"host/internal/wasm/testdata":         {"abi", "sdk"},
	"host/cli":                            {"abi", "registry", "host", "plugins"},
	"":                                    {"host/cli", "plugins"},
}

func TestLayout_ArrowsPointOneWay(t *testing.T) {
	for _, line := range goList(t, "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...") {
		fields := strings.Fields(line)
		pkg := inModule(fields[0])
		for _, path := range fields[1:] {
			if imported := inModule(path); imported != path && !mayImport(pkg, imported) {
				t.Errorf("%s must not import %s; see docs/ARCHITECTURE.md", name(pkg), imported)
			}
		}
	}
}

func TestLayout_AuthorsDependOnTheStandardLibraryAlone(t *testing.T) {
	for _, env := range []string{"GOOS=", "GOOS=wasip1"} {
		for _, pkg := range goListIn(t, env, "./sdk/...", "./abi/...") {
			if native(inModule(pkg)) {
				continue
			}
			for _, path := range goListIn(t, env, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg) {
				if inModule(path) == path {
					t.Errorf("%s: %s pulls in %s", env, pkg, path)
				}
			}
		}
	}
}

// native reports whether a package is of the contract of native executors, which
// travels by gRPC and so needs its library. A WASM module has none of it.
func native(pkg string) bool { return within(pkg, "abi/grpcabi") || within(pkg, "sdk/process") }

// inModule is path within this module; a path of another module stays as it is.
func inModule(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, strings.TrimSuffix(module, "/")), "/")
}

func name(pkg string) string {
	if pkg == "" {
		return "main"
	}
	return pkg
}

func mayImport(pkg, imported string) bool {
	part, best := "", []string(nil)
	for prefix, list := range allowed {
		if within(pkg, prefix) && (best == nil || len(prefix) > len(part)) {
			part, best = prefix, list
		}
	}
	for _, prefix := range best {
		if within(imported, prefix) {
			return true
		}
	}
	return false
}

func within(pkg, prefix string) bool {
	return prefix == "" && pkg == "" || prefix != "" && (pkg == prefix || strings.HasPrefix(pkg, prefix+"/"))
}

func goList(t *testing.T, args ...string) []string { return goListIn(t, "", args...) }

func goListIn(t *testing.T, env string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	if strings.HasSuffix(env, "wasip1") {
		cmd.Env = append(cmd.Environ(), env, "GOARCH=wasm")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
