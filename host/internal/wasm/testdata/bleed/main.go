// Command bleed is a guest without the SDK that leaves a secret behind in every
// way it can, or looks for one.
package main

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strconv"
	"unsafe"
)

var (
	envelope []byte
	answer   []byte
	secret   uint64 // a global of the program; its stack pointer is one of the engine's
	hoard    [][]byte
	store    [4 << 10]uint64
)

// init gives the heap room, so that hiding a little does not grow the memory.
func init() {
	hoard = append(hoard, make([]byte, 4<<20))
	hoard = nil
	runtime.GC()
}

func main() {}

//go:wasmexport lessee_abi_version
func abiVersion() int32 { return 1 }

//go:wasmexport lessee_alloc
func alloc(size uint32) uint32 {
	envelope = make([]byte, size)
	return address(envelope)
}

//go:wasmexport lessee_execute
func execute(_, _ uint32) uint64 {
	found := 0
	switch {
	case has("both"): // the control: what is there is found
		hide(256 << 10)
		found = search(number("memory"))
	case has("search"):
		found = search(number("memory"))
	case has("hide"):
		hide(256 << 10)
	case has("grow"):
		hide(8 << 20)
	case has("trap"):
		hide(256 << 10)
		hoard = hoard[:1][2:]
	case has("loop"):
		for hide(64 << 10); ; secret ^= 1 {
		}
	}
	answer = append(answer[:0], `{"status":"ok","output":`+strconv.Itoa(found)+`}`...)
	return uint64(address(answer))<<32 | uint64(len(answer))
}

// pattern is never in memory until hide writes it: neither half of it is the code's own.
func pattern() uint64 { return uint64(number("left"))<<32 | uint64(number("right")) }

func hide(size int) {
	secret = pattern()
	b := make([]byte, size)
	for i := 0; i+8 <= size; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], secret)
	}
	hoard = append(hoard, b)
	for i := range store {
		store[i] = secret
	}
}

// search looks at every word of the memory as it was before this attempt.
func search(size int) (found int) {
	want := pattern()
	if secret == want {
		found++
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(uintptr(1024))), (size-1024)/8)
	for _, word := range words {
		if word == want {
			found++
		}
	}
	return found
}

func has(word string) bool { return bytes.Contains(envelope, []byte(word)) }

// number reads a number of the payload without keeping a copy of it as text.
func number(name string) int {
	_, after, _ := bytes.Cut(envelope, []byte(`"`+name+`":`))
	n := 0
	for _, c := range after {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
