package wasm

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

func TestTheShippedPluginRenderRunsInTheEngine(t *testing.T) {
	m := load(t, wasmtest.Build(t, "github.com/lessee-run/lessee/plugins/render"))
	if m.ABI() != ContractCore {
		t.Fatalf("contract %s", m.ABI())
	}
	var heard recorder
	payload := map[string]string{"format": "markdown", "source": "# Hello\n\n*world*"}
	result, usage, err := m.Execute(t.Context(), anyClass(), envelope(t, payload), &heard)
	if err != nil || result.Status != abi.StatusOK {
		t.Fatalf("got %+v, %v", result, err)
	}
	var page string
	if err := json.Unmarshal(result.Output, &page); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, "<title>Hello</title>") || !strings.Contains(page, "<em>world</em>") {
		t.Errorf("got %s", page)
	}
	if len(heard.lines) != 1 || usage.MemoryBytes == 0 {
		t.Errorf("log %q, usage %+v", heard.lines, usage)
	}
	t.Logf("usage of one page: %+v", usage)
}
