package meter_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// engineDir is where the engine's sources lie: they carry the official test
// suite of the specification, and modules in several languages.
func engineDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func configs() map[string]wazero.RuntimeConfig {
	return map[string]wazero.RuntimeConfig{
		"compiler":    wazero.NewRuntimeConfigCompiler(),
		"interpreter": wazero.NewRuntimeConfigInterpreter(),
	}
}

func TestTheSpecificationsOwnTestsEndTheSameWhenRewritten(t *testing.T) {
	dir := filepath.Join(engineDir(t), "internal", "integration_test", "spectest")
	scripts, err := filepath.Glob(filepath.Join(dir, "v2", "testdata", "*.json"))
	if err != nil || len(scripts) < 100 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	standard := read(t, filepath.Join(dir, "testdata", "spectest.wasm"))
	for name, config := range configs() {
		t.Run(name, func(t *testing.T) {
			asserted, refused := 0, 0
			for _, script := range scripts {
				s := newScript(t, script, standard, config)
				s.run()
				asserted, refused = asserted+s.asserted, refused+s.refused
			}
			t.Logf("%d outcomes are alike, %d valid modules were refused", asserted, refused)
			if asserted < 40_000 || refused > 5 {
				t.Error("that is too few, or too many")
			}
		})
	}
}

// command is a line of a script.
type command struct {
	Type       string
	Line       int
	Name       string
	Filename   string
	As         string
	ModuleType string `json:"module_type"`
	Action     action
}

type action struct {
	Type   string
	Module string
	Field  string
	Args   []value
}

type value struct {
	Type     string
	LaneType string `json:"lane_type"`
	Value    json.RawMessage
}

// script runs a script twice, side by side: as it is, and rewritten.
type script struct {
	*testing.T
	path           string
	commands       []command
	plain, metered *host
	modules        map[string][2]api.Module
	last           [2]api.Module
	absent         bool // the last module was refused
	asserted       int
	refused        int
}

func newScript(t *testing.T, path string, standard []byte, config wazero.RuntimeConfig) *script {
	t.Helper()
	s := &script{T: t, path: path, plain: newHost(t, config), metered: newHost(t, config), modules: map[string][2]api.Module{}}
	s.metered.depth = 200_000 // less than what the interpreter ends with
	var file struct{ Commands []command }
	if err := json.Unmarshal(read(t, path), &file); err != nil {
		t.Fatal(err)
	}
	s.commands = file.Commands
	for _, h := range []*host{s.plain, s.metered} {
		if _, err := h.runtime.InstantiateWithConfig(context.Background(), standard, wazero.NewModuleConfig().WithName("spectest")); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *script) run() {
	for i, c := range s.commands {
		switch c.Type {
		case "module":
			s.load(c, s.registeredAs(i))
		case "assert_return", "assert_trap", "action", "assert_exhaustion":
			s.act(c)
		case "assert_invalid", "assert_malformed", "assert_unlinkable", "assert_uninstantiable":
			s.mustFail(c)
		}
	}
	for _, h := range []*host{s.plain, s.metered} {
		if err := h.runtime.Close(context.Background()); err != nil {
			s.Error(err)
		}
	}
}

// registeredAs looks ahead for the name that a module gets, which the engine
// wants to know first.
func (s *script) registeredAs(i int) string {
	for _, c := range s.commands[i+1:] {
		if c.Type == "register" && (c.Name == "" || c.Name == s.commands[i].Name) {
			return c.As
		}
		if c.Type == "module" {
			break
		}
	}
	return ""
}

func (s *script) load(c command, as string) {
	binary := read(s, filepath.Join(filepath.Dir(s.path), c.Filename))
	s.absent = false
	result, err := meter.Rewrite(binary, meter.Options{})
	if err != nil {
		s.Logf("%s:%d: %v", filepath.Base(s.path), c.Line, err)
		s.absent = true
		s.refused++
		return
	}
	for i, h := range []*host{s.plain, s.metered} {
		m, err := h.runtime.InstantiateWithConfig(context.Background(), [][]byte{binary, result.Module}[i], wazero.NewModuleConfig().WithName(as))
		if err != nil {
			s.Fatalf("%s:%d: world %d: %v", s.path, c.Line, i, err)
		}
		s.last[i] = m
	}
	if c.Name != "" {
		s.modules[c.Name] = s.last
	}
}

func (s *script) act(c command) {
	if s.absent {
		return
	}
	worlds := s.last
	if c.Action.Module != "" {
		worlds = s.modules[c.Action.Module]
	}
	if c.Action.Type == "get" {
		a, b := worlds[0].ExportedGlobal(c.Action.Field).Get(), worlds[1].ExportedGlobal(c.Action.Field).Get()
		if a != b {
			s.Errorf("%s:%d: %d, rewritten %d", s.path, c.Line, a, b)
		}
		return
	}
	args := encodeArgs(s, c.Action.Args)
	want := plainCall(context.Background(), worlds[0], c.Action.Field, args...)
	s.metered.module = worlds[1]
	got := s.metered.call(context.Background(), c.Action.Field, args...)
	if c.Type == "assert_exhaustion" {
		if !errors.Is(s.metered.stopped, meter.ErrDepth) {
			s.Errorf("%s:%d: a recursion without end ends with %q", s.path, c.Line, got.trap)
		}
		return
	}
	hideReferences(worlds[0].ExportedFunction(c.Action.Field).Definition().ResultTypes(), want, got)
	if !alike(want, got) {
		s.Errorf("%s:%d: %s: %v, rewritten %v", s.path, c.Line, c.Action.Field, want, got)
	}
	s.asserted++
}

func (s *script) mustFail(c command) {
	if c.ModuleType == "text" {
		return
	}
	binary := read(s, filepath.Join(filepath.Dir(s.path), c.Filename))
	result, err := meter.Rewrite(binary, meter.Options{})
	if err != nil {
		return
	}
	_, plainErr := s.plain.runtime.InstantiateWithConfig(context.Background(), binary, wazero.NewModuleConfig().WithName(""))
	_, err = s.metered.runtime.InstantiateWithConfig(context.Background(), result.Module, wazero.NewModuleConfig().WithName(""))
	if (err == nil) != (plainErr == nil) {
		s.Errorf("%s:%d: %s: %v, rewritten %v", s.path, c.Line, c.Filename, plainErr, err)
	}
	s.asserted++
}

func alike(a, b outcome) bool {
	if a.trap != b.trap || len(a.results) != len(b.results) {
		return false
	}
	for i := range a.results {
		if a.results[i] != b.results[i] {
			return false
		}
	}
	return true
}

// hideReferences leaves of a reference whether it is null: it is an address.
func hideReferences(types []api.ValueType, outcomes ...outcome) {
	for _, o := range outcomes {
		for i, t := range types {
			if i < len(o.results) && (t == 0x70 || t == api.ValueTypeExternref) && o.results[i] != 0 {
				o.results[i] = 1
			}
		}
	}
}

// encodeArgs writes values as the engine takes them.
func encodeArgs(t testing.TB, values []value) []uint64 {
	t.Helper()
	var out []uint64
	for _, v := range values {
		if v.Type == "v128" {
			out = append(out, encodeLanes(t, v)...)
			continue
		}
		var s string
		if err := json.Unmarshal(v.Value, &s); err != nil {
			t.Fatal(err)
		}
		if s == "null" {
			s = "0"
		}
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

func encodeLanes(t testing.TB, v value) []uint64 {
	t.Helper()
	var lanes []string
	if err := json.Unmarshal(v.Value, &lanes); err != nil {
		t.Fatal(err)
	}
	out := make([]uint64, 2)
	width := 128 / len(lanes)
	for i, s := range lanes {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[i*width/64] |= n << (i * width % 64)
	}
	return out
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
