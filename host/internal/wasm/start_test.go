package wasm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// warmed is a guest with warm-up calls of those modes.
func warmed(t *testing.T, binary []byte, modes ...string) []byte {
	t.Helper()
	var m abi.Manifest
	for _, mode := range modes {
		m.WarmUp = append(m.WarmUp, json.RawMessage(`{"mode":"`+mode+`"}`))
	}
	return withManifest(t, binary, m)
}

func TestWarmUpCallsAreInTheStateThatJobsStartFrom(t *testing.T) {
	m, stages := admit(t, newEngine(t, Config{CacheDir: sharedCache}), warmed(t, wasmtest.Build(t, "./testdata/hostile"), "remember", "behave", "remember", "sleep"))
	if start := stages[5]; start.Reason != "4 warm-up calls" {
		t.Errorf("got %+v", start)
	}
	for range 2 {
		if got := remembers(t, m, anyClass()); got != `"3"` {
			t.Errorf("a job after two calls of warm-up counts %s", got)
		}
	}
	result, _, err := m.Execute(t.Context(), anyClass(), mode(t, "peek"), discard{})
	if err != nil || string(result.Output) != `"0 0"` {
		t.Errorf("got %s, %v", result.Output, err)
	}
}

func TestAWarmUpCallThatFailsRefusesTheModule(t *testing.T) {
	e, guest := newEngine(t, Config{CacheDir: sharedCache}), wasmtest.Build(t, "./testdata/hostile")
	for misdeed, want := range map[string]string{
		"panic":    "it ended as retry: guest_trap",
		"nonsense": "it ended as fail: handler_error",
		"go panic": "guest_trap: the module trapped",
		"exit 3":   "guest_exit",
		"log":      "limit_log",
	} {
		t.Run(misdeed, func(t *testing.T) {
			stages, err := refused(t, e, warmed(t, guest, "remember", misdeed))
			if last := stages[len(stages)-1]; last.Name != registry.StageStart || !strings.HasPrefix(last.Reason, "warm-up call 2: "+want) {
				t.Errorf("got %+v, want %q", last, want)
			}
			if !strings.HasPrefix(err.Error(), "start: warm-up call 2: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAProgramOfTheCommandContractIsNotWarmedUp(t *testing.T) {
	m, stages := admit(t, newEngine(t, Config{CacheDir: sharedCache}), warmed(t, wasmtest.BuildCommand(t, "./testdata/command"), "loop"))
	if m.Manifest() == nil || !strings.Contains(stages[5].Reason, "left out") {
		t.Errorf("got %+v", stages)
	}
}
