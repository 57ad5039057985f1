package wasm

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

func TestAModuleIsPreparedTheSameEverywhere(t *testing.T) {
	binary := withManifest(t, wasmtest.Build(t, "./testdata/frozen"), abi.Manifest{WarmUp: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}})
	one, _ := admit(t, newEngine(t, Config{CacheDir: sharedCache}), binary)
	two, _ := admit(t, newEngine(t, Config{CacheDir: sharedCache}), binary)
	if one.Cold() != "" {
		t.Fatal(one.Cold())
	}
	if !bytes.Equal(one.snapshot.image.Bytes(), two.snapshot.image.Bytes()) || !slices.Equal(one.snapshot.globals, two.snapshot.globals) {
		t.Error("two admissions of one module gave two states")
	}
	if one.snapshot.passed != two.snapshot.passed || one.snapshot.passed < int64(time.Hour) {
		t.Errorf("%d and %d nanoseconds passed", one.snapshot.passed, two.snapshot.passed)
	}
}

func TestAModuleIsPreparedOutOfTime_AndJobsAreInIt(t *testing.T) {
	m, _ := admit(t, newEngine(t, Config{CacheDir: sharedCache}), wasmtest.Build(t, "./testdata/frozen"))
	tell := func() (s struct {
		Born, Now time.Time
		Waited    string
		Since     float64
	}) {
		result, _, err := m.Execute(t.Context(), anyClass(), envelope(t, struct{}{}), discard{})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(result.Output, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := tell(), tell()
	if first.Born.Unix() != frozenStart || first.Waited != "1h0m1s" {
		t.Errorf("prepared at %s for %s", first.Born, first.Waited)
	}
	if since := time.Since(first.Now); since < 0 || since > time.Minute {
		t.Errorf("a job was told that it is %s", first.Now)
	}
	if first.Since < 3601 || second.Since <= first.Since {
		t.Errorf("the clock that only rises: an hour at preparation, then %f s, then %f s", first.Since, second.Since)
	}
}

func TestTheFrozenClockNeverOverflows(t *testing.T) {
	f := freeze([32]byte{})
	for range 10 {
		f.sleep(1<<63 - 1)
		f.sleep(-1)
	}
	if sec, nsec := f.walltime(); f.nanotime() < 0 || sec < frozenStart || nsec < 0 {
		t.Errorf("%d, %d, %d", f.passed, sec, nsec)
	}
}
