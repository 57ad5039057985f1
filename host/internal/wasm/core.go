package wasm

import (
	"bytes"
	"context"

	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
)

// executeCore runs the core contract: everything passes through the guest's memory.
func (m *Module) executeCore(ctx context.Context, a *attempt, envelope []byte) (abi.Result, error) {
	a.streams.stdout = &stream{log: &a.log, level: abi.LevelInfo}
	a.streams.stderr.level = abi.LevelWarn
	var data []byte
	err := m.within(ctx, a, func(ctx context.Context, instance api.Module) error {
		if err := initialise(ctx, instance); err != nil {
			return err
		}
		ptr, err := deliver(ctx, instance, envelope)
		if err != nil {
			return err
		}
		packed, err := instance.ExportedFunction(abi.ExportExecute).Call(ctx, uint64(ptr), uint64(len(envelope)))
		if err != nil {
			return err
		}
		data, err = a.collect(instance, packed[0])
		return err
	})
	if err != nil {
		return abi.Result{}, err
	}
	return a.decode(data)
}

// initialise starts a reactor. A Go guest aborts when anything else is called first.
func initialise(ctx context.Context, instance api.Module) error {
	for _, name := range []string{abi.ExportInitialize, abi.ExportInit} {
		if f := instance.ExportedFunction(name); f != nil {
			if _, err := f.Call(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver puts the envelope where the guest wants it.
func deliver(ctx context.Context, instance api.Module, envelope []byte) (uint32, error) {
	got, err := instance.ExportedFunction(abi.ExportAlloc).Call(ctx, uint64(len(envelope)))
	if err != nil {
		return 0, err
	}
	ptr := api.DecodeU32(got[0])
	if ptr == 0 {
		return 0, abi.Errorf(abi.CodeLimitMemory, "%s(%d) returned 0: the guest has no room for the envelope", abi.ExportAlloc, len(envelope))
	}
	if !instance.Memory().Write(ptr, envelope) {
		return 0, abi.Errorf(abi.CodePointerInvalid, "%s(%d) returned %d, where the envelope has no room", abi.ExportAlloc, len(envelope), ptr)
	}
	return ptr, nil
}

// collect copies the result out of the guest, if it may have that size.
func (a *attempt) collect(instance api.Module, packed uint64) ([]byte, error) {
	ptr, n := abi.Unpack(packed)
	a.output = int64(n)
	if a.output > a.limits.OutputBytes {
		return nil, a.tooLong(a.output)
	}
	data, ok := instance.Memory().Read(ptr, n)
	if !ok {
		return nil, abi.Errorf(abi.CodePointerInvalid, "the result at %d, %d bytes long, lies outside the guest's %d bytes of memory", ptr, n, instance.Memory().Size())
	}
	return bytes.Clone(data), nil
}

// askVersion returns the ABI version that a core module speaks.
func askVersion(ctx context.Context, instance api.Module) (uint32, error) {
	if err := initialise(ctx, instance); err != nil {
		return 0, err
	}
	got, err := instance.ExportedFunction(abi.ExportABIVersion).Call(ctx)
	if err != nil {
		return 0, err
	}
	return api.DecodeU32(got[0]), nil
}
