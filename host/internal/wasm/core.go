package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
)

// executeCore runs the core contract: everything passes through the guest's memory.
func (m *Module) executeCore(ctx context.Context, a *attempt, envelope []byte) (abi.Result, error) {
	a.stdout = &stream{log: &a.log, level: abi.LevelInfo}
	a.stderr.level = abi.LevelWarn
	var result abi.Result
	err := m.within(ctx, a, func(ctx context.Context, i *instance) error {
		err := m.wake(ctx, i)
		if err == nil {
			result, err = a.exchange(ctx, i, envelope)
		}
		return err
	})
	if err != nil {
		return abi.Result{}, err
	}
	return result, nil
}

// exchange hands over an envelope to an instance that is awake, and takes the result.
func (a *attempt) exchange(ctx context.Context, i *instance, envelope []byte) (abi.Result, error) {
	ptr, err := deliver(ctx, i, envelope)
	if err != nil {
		return abi.Result{}, err
	}
	packed, err := i.call(ctx, abi.ExportExecute, uint64(ptr), uint64(len(envelope)))
	if err != nil {
		return abi.Result{}, err
	}
	data, err := a.find(i.module, packed)
	if err != nil {
		return abi.Result{}, err
	}
	return a.decode(data)
}

// wake brings an instance to where it can take an envelope: a cold one is
// initialised; one that starts from the snapshot was, and is only told to be
// unlike the one before; one that was used is awake.
func (m *Module) wake(ctx context.Context, i *instance) error {
	switch {
	case i.used:
		return nil
	case m.snapshot == nil:
		return initialise(ctx, i)
	}
	return m.reseed(ctx, i)
}

// initialise starts a reactor. A Go guest aborts when anything else is called first.
func initialise(ctx context.Context, i *instance) error {
	for _, name := range []string{abi.ExportInitialize, abi.ExportInit} {
		if _, err := i.call(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// deliver puts bytes where the guest wants them.
func deliver(ctx context.Context, i *instance, data []byte) (uint32, error) {
	got, err := i.call(ctx, abi.ExportAlloc, uint64(len(data)))
	if err != nil {
		return 0, err
	}
	ptr := api.DecodeU32(got)
	if ptr == 0 {
		return 0, abi.Errorf(abi.CodeLimitMemory, "%s(%d) returned 0: the guest has no room", abi.ExportAlloc, len(data))
	}
	if !i.module.Memory().Write(ptr, data) {
		return 0, abi.Errorf(abi.CodePointerInvalid, "%s(%d) returned %d, where there is no room", abi.ExportAlloc, len(data), ptr)
	}
	return ptr, nil
}

// find returns the result where it lies in the guest's memory, if it may have
// that size. It is to be read before the guest goes on.
func (a *attempt) find(instance api.Module, packed uint64) ([]byte, error) {
	ptr, n := abi.Unpack(packed)
	a.output = int64(n)
	if a.output > a.limits.OutputBytes {
		return nil, a.tooLong(a.output)
	}
	data, ok := instance.Memory().Read(ptr, n)
	if !ok {
		return nil, abi.Errorf(abi.CodePointerInvalid, "the result at %d, %d bytes long, lies outside the guest's %d bytes of memory", ptr, n, instance.Memory().Size())
	}
	return data, nil
}

// askVersion returns the ABI version that a core module speaks.
func askVersion(ctx context.Context, i *instance) (uint32, error) {
	if err := initialise(ctx, i); err != nil {
		return 0, err
	}
	got, err := i.call(ctx, abi.ExportABIVersion)
	if err != nil {
		return 0, err
	}
	return api.DecodeU32(got), nil
}
