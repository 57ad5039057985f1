package image

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	wasmPage  = 64 << 10 // of which every machine's page size is a divisor
	maxMemory = 4 << 30  // all that a 32-bit guest can address
)

const (
	readWrite = unix.PROT_READ | unix.PROT_WRITE
	anonymous = unix.MAP_ANON | unix.MAP_PRIVATE | unix.MAP_NORESERVE
)

// reserve maps size bytes that read as zero.
func reserve(size int) ([]byte, error) {
	return unix.Mmap(noFile, 0, size, readWrite, anonymous)
}

// wipe replaces the pages of memory with fresh ones that read as zero.
func wipe(memory []byte) error {
	return replace(memory, noFile, anonymous)
}

// replace maps something else in the place of memory.
func replace(memory []byte, file, flags int) error {
	if len(memory) == 0 {
		return nil
	}
	_, err := unix.MmapPtr(file, 0, unsafe.Pointer(&memory[0]), uintptr(len(memory)), readWrite, flags|unix.MAP_FIXED)
	if err != nil {
		return fmt.Errorf("map %d bytes anew: %w", len(memory), err)
	}
	return nil
}

// patience is how often a system call is repeated.
const patience = 1000

// again repeats a system call that a signal interrupted, or that the kernel
// asks to be repeated.
func again(call func() error) (err error) {
	for range patience {
		if err = call(); !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			return err
		}
	}
	return err
}
