//go:build sdks

// Package guesttest runs a core module of any language as plainly as the
// contract allows, and holds the SDK that it was built with to the vectors. It
// is no host: it has no limits. The tag sdks keeps it, and its engine, away from
// who only writes plugins in Go.
package guesttest

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/lessee-run/lessee/abi"
)

// Guest is a live instance, and the host it sees.
type Guest struct {
	Said      []string // what it logged and reported, in order
	Stderr    strings.Builder
	Cancelled bool
	HTTP      func(head, body []byte) (answer []byte) // documents as docs/abi.md has them

	answer func(envelope []byte) ([]byte, error) // of a guest that is no module
	module api.Module
	kept   []byte // the answer of the last HTTP call, until the guest takes it
}

// Open starts a module as a host does.
func Open(t testing.TB, binary []byte) *Guest {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { _ = r.Close(ctx) })
	g := &Guest{}
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	if err := g.provide(ctx, r); err != nil {
		t.Fatal(err)
	}
	module, err := r.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().WithStartFunctions().WithStderr(&g.Stderr).WithSysWalltime().WithSysNanotime())
	if err != nil {
		t.Fatalf("instantiate the guest: %v", err)
	}
	g.module = module
	for _, name := range []string{abi.ExportInitialize, abi.ExportInit} {
		if module.ExportedFunction(name) == nil {
			continue // both are optional
		}
		if _, err := g.call(name); err != nil {
			t.Fatal(err)
		}
	}
	if version, err := g.call(abi.ExportABIVersion); err != nil || version != abi.Version {
		t.Fatalf("the guest speaks ABI v%d, %v", version, err)
	}
	return g
}

func (g *Guest) provide(ctx context.Context, r wazero.Runtime) error {
	text := func(m api.Module, ptr, n uint32) string { return string(g.read(m, ptr, n)) }
	_, err := r.NewHostModuleBuilder(abi.ImportModule).
		NewFunctionBuilder().WithFunc(func(_ context.Context, m api.Module, level int32, ptr, n uint32) {
		g.Said = append(g.Said, fmt.Sprintf("log %d %s", level, text(m, ptr, n)))
	}).Export(abi.ImportLog).
		NewFunctionBuilder().WithFunc(func(_ context.Context, m api.Module, permille int32, ptr, n uint32) {
		g.Said = append(g.Said, fmt.Sprintf("progress %d %s", permille, text(m, ptr, n)))
	}).Export(abi.ImportProgress).
		NewFunctionBuilder().WithFunc(func() int32 {
		if g.Cancelled {
			return 1
		}
		return 0
	}).Export(abi.ImportCancelled).
		NewFunctionBuilder().WithFunc(g.http).Export("http").
		NewFunctionBuilder().WithFunc(g.httpResponse).Export("http_response").
		Instantiate(ctx)
	if err != nil {
		return fmt.Errorf("provide the host functions: %w", err)
	}
	return nil
}

func (g *Guest) http(_ context.Context, m api.Module, ptr, n uint32) uint32 {
	document := g.read(m, ptr, n)
	head := binary.LittleEndian.Uint32(document)
	g.kept = g.HTTP(document[4:4+head], document[4+head:])
	return uint32(len(g.kept))
}

func (g *Guest) httpResponse(_ context.Context, m api.Module, ptr, n uint32) uint32 {
	taken := g.kept[:min(int(n), len(g.kept))]
	g.kept = nil
	m.Memory().Write(ptr, taken)
	return uint32(len(taken))
}

// read copies from the guest; a pointer that leads outside gives nothing.
func (g *Guest) read(m api.Module, ptr, n uint32) []byte {
	data, _ := m.Memory().Read(ptr, n)
	return append([]byte(nil), data...)
}

func (g *Guest) call(name string, params ...uint64) (uint64, error) {
	got, err := g.module.ExportedFunction(name).Call(context.Background(), params...)
	if err != nil || len(got) == 0 {
		return 0, err
	}
	return got[0], nil
}

// Execute runs one attempt: the bytes of an envelope in, those of a result out.
func (g *Guest) Execute(envelope []byte) ([]byte, error) {
	if g.answer != nil {
		return g.answer(envelope)
	}
	ptr, err := g.call(abi.ExportAlloc, uint64(len(envelope)))
	if err != nil {
		return nil, err
	}
	if !g.module.Memory().Write(uint32(ptr), envelope) {
		return nil, fmt.Errorf("%s(%d) returned %d, where there is no room", abi.ExportAlloc, len(envelope), ptr)
	}
	packed, err := g.call(abi.ExportExecute, ptr, uint64(len(envelope)))
	if err != nil {
		return nil, err
	}
	at, n := abi.Unpack(packed)
	return g.read(g.module, at, n), nil
}

// Document is an HTTP document: the length of its head, the head, the body.
func Document(head, body string) []byte {
	document := binary.LittleEndian.AppendUint32(nil, uint32(len(head)))
	return append(append(document, head...), body...)
}
