package wasm

import (
	"fmt"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// orderPayload has about 300 bytes, as payloads go.
const orderPayload = `{"customer":"Lovelace & Daughters, 12 St James's Square, London","lines":[` +
	`{"sku":"engine-difference-2","count":1,"price":17470.5},{"sku":"card-punched-blank","count":12000,"price":0.015},` +
	`{"sku":"oil-whale-quart","count":6,"price":3.25}],"labels":{"region":"eu-west","channel":"letter","priority":"high"}}`

func orderEnvelope(t testing.TB, waste int) []byte {
	t.Helper()
	payload := []byte(orderPayload)
	if waste > 0 {
		payload = fmt.Appendf(nil, `{"waste":%d}`, waste)
	}
	e := sampleEnvelope()
	e.Payload = payload
	data, err := abi.EncodeEnvelope(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sampleEnvelope() abi.Envelope {
	now := time.Now()
	return abi.Envelope{
		ABI:   abi.Version,
		Job:   abi.Job{ID: 7, Class: "order.charge", Attempt: 1, MaxAttempts: 5, EnqueuedAt: now, Deadline: now.Add(time.Hour)},
		Trace: abi.Trace{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}
}

// A Go guest warms up once, in lessee_init, so that its jobs find room in the
// heap. Were the memory to grow, each job would cost an instance.
func TestSmallJobsOfAGoGuestShareOneInstance(t *testing.T) {
	m := load(t, wasmtest.Build(t, "./testdata/order"))
	if m.Cold() != "" {
		t.Fatal(m.Cold())
	}
	first := keptAfter(t, m, orderEnvelope(t, 0))
	for range 50 {
		if got := keptAfter(t, m, orderEnvelope(t, 0)); got == nil || got != first {
			t.Fatalf("instance %p ran the first job, %p a later one", first, got)
		}
	}
	if got := keptAfter(t, m, orderEnvelope(t, 1<<20)); got != first {
		t.Error("a job that allocates 1 MiB cost the instance")
	}
	if got := keptAfter(t, m, orderEnvelope(t, 32<<20)); got != nil {
		t.Error("a job of 32 MiB did not: this test sees nothing")
	}
}

// keptAfter runs a job, and returns the one instance that waits for the next.
func keptAfter(t *testing.T, m *Module, envelope []byte) *instance {
	t.Helper()
	limits := abi.DefaultLimits()
	result, _, err := m.Execute(t.Context(), under(limits), envelope, discard{})
	if err != nil || result.Status != abi.StatusOK {
		t.Fatalf("%+v, %v", result, err)
	}
	waiting := m.kept.idle[shelf{memoryBytes: limits.MemoryBytes}]
	if len(waiting) == 0 {
		return nil
	}
	return waiting[len(waiting)-1]
}

// Fuel is the cost of a call without the noise of a machine. encoding/json
// alone would take three times this.
func TestASmallJobOfAGoGuestIsCheap(t *testing.T) {
	m := load(t, wasmtest.Build(t, "./testdata/order"))
	_, usage, err := m.Execute(t.Context(), &registry.Class{Limits: abi.DefaultLimits()}, orderEnvelope(t, 0), discard{})
	if err != nil {
		t.Fatal(err)
	}
	if usage.Fuel > 300_000 {
		t.Errorf("it used %d units of fuel, want 300000 at most: has the SDK gone back to reflection?", usage.Fuel)
	}
}
