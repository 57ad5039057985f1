// Command raw is a guest without the SDK: it answers in ways that no SDK would.
package main

import (
	"strings"
	"unsafe"
)

var buffer, huge []byte

func main() {}

//go:wasmexport lessee_abi_version
func abiVersion() int32 { return 1 }

//go:wasmexport lessee_alloc
func alloc(size uint32) uint32 {
	buffer = make([]byte, size)
	return address(buffer)
}

//go:wasmexport lessee_execute
func execute(_, _ uint32) uint64 {
	switch envelope := string(buffer); {
	case strings.Contains(envelope, "pointer"):
		return 0xfffffff0<<32 | 64
	case strings.Contains(envelope, "100 MB"):
		huge = make([]byte, 100<<20)
		return answer(huge)
	case strings.Contains(envelope, "no JSON"):
		return answer([]byte("so long"))
	case strings.Contains(envelope, "half"):
		return answer([]byte(`{"status": "ok", "output": `))
	case strings.Contains(envelope, "NUL"):
		return answer([]byte(`{"status": "ok", "output": "a\u0000b"}`))
	case strings.Contains(envelope, "not UTF-8"):
		return answer([]byte("{\"status\": \"ok\", \"output\": \"\xff\xfe\"}"))
	case strings.Contains(envelope, "big number"):
		return answer([]byte(`{"status": "ok", "output": 1e200000}`))
	}
	return answer([]byte(`{"status": "ok"}`))
}

func answer(b []byte) uint64 { return uint64(address(b))<<32 | uint64(len(b)) }

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
