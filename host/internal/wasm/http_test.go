package wasm

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// hangs is a sink whose requests end only with their context.
type hangs struct {
	discard
	asked chan struct{}
}

func (h hangs) HTTP(ctx context.Context, _ []byte) ([]byte, error) {
	close(h.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

func fetching(t *testing.T, ctx context.Context, wallMS int64, h hangs) (took time.Duration, code abi.Code) { //nolint:revive // t comes first in a helper of tests
	t.Helper()
	m := load(t, wasmtest.Build(t, "../../testdata/fetcher"))
	e := sampleEnvelope()
	e.Payload = []byte(`{"Requests": [{"URL": "https://api.example.com/"}]}`)
	envelope, err := abi.EncodeEnvelope(e)
	if err != nil {
		t.Fatal(err)
	}
	limits := abi.DefaultLimits()
	limits.WallMS = wallMS
	_, usage, err := m.Execute(ctx, &registry.Class{Limits: limits}, envelope, h)
	var told *abi.Error
	if !errors.As(err, &told) {
		t.Fatalf("it ended with %v", err)
	}
	return time.Duration(usage.WallUS) * time.Microsecond, told.Code
}

func TestAHostCallThatHangsEndsWithTheWallLimit(t *testing.T) {
	took, code := fetching(t, t.Context(), 300, hangs{asked: make(chan struct{})})
	if code != abi.CodeLimitWall {
		t.Errorf("code %s", code)
	}
	t.Logf("an attempt of 300 ms took %s", took)
}

func TestAHostCallThatHangsEndsWithItsCancelling(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	h := hangs{asked: make(chan struct{})}
	go func() { <-h.asked; cancel(abi.Errorf(abi.CodeCancelled, "the job was cancelled")) }()
	if _, code := fetching(t, ctx, 600_000, h); code != abi.CodeCancelled {
		t.Errorf("code %s", code)
	}
}
