package sdk

import (
	"context"
	"unsafe"

	"github.com/lessee-run/lessee/abi"
)

// The buffers that cross the border. They are kept here because the host holds
// only numbers, which keep nothing from the collector.
var (
	inbox  []byte
	outbox []byte
)

//go:wasmexport lessee_abi_version
func exportABIVersion() uint32 { return abi.Version }

//go:wasmexport lessee_alloc
func exportAlloc(size uint32) unsafe.Pointer {
	inbox = make([]byte, size)
	return unsafe.Pointer(unsafe.SliceData(inbox))
}

//go:wasmexport lessee_execute
func exportExecute(envelope unsafe.Pointer, size uint32) uint64 {
	outbox = executeRegistered(unsafe.Slice((*byte)(envelope), size))
	return abi.Pack(uint32(uintptr(unsafe.Pointer(unsafe.SliceData(outbox)))), uint32(len(outbox)))
}

func executeRegistered(envelope []byte) []byte {
	p := registered.Load()
	if p == nil {
		p = New(func(context.Context, struct{}) (struct{}, error) {
			return struct{}{}, Permanent(abi.Errorf(abi.CodeHandlerError,
				"the module registered no handler before main: write `var plugin = sdk.Register(handle)` at package level"))
		})
	}
	return p.Execute(context.Background(), coreHost{}, envelope)
}

//go:wasmimport lessee_v1 log
func importLog(level int32, line string)

//go:wasmimport lessee_v1 progress
func importProgress(permille int32, note string)

//go:wasmimport lessee_v1 cancelled
func importCancelled() int32

//go:wasmimport lessee_v1 http
func importHTTP(request unsafe.Pointer, size uint32) uint32

//go:wasmimport lessee_v1 http_response
func importHTTPResponse(answer unsafe.Pointer, size uint32) uint32

// coreHost is the host of a core module.
type coreHost struct{}

func (coreHost) Log(level abi.Level, line string)   { importLog(int32(level), line) }
func (coreHost) Progress(permille int, note string) { importProgress(int32(permille), note) }
func (coreHost) Cancelled() bool                    { return importCancelled() != 0 }

func (coreHost) HTTP(request []byte) []byte {
	answer := make([]byte, importHTTP(unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request))))
	return answer[:importHTTPResponse(unsafe.Pointer(unsafe.SliceData(answer)), uint32(len(answer)))]
}
