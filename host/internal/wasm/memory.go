package wasm

import (
	"fmt"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// maxMemory is all that a 32-bit guest can address.
const maxMemory = 4 << 30

// memory is the linear memory of one attempt: an address range as large as the
// limit, of which the guest gets as much as it asks for. Pages cost nothing
// until they are touched, and the address never changes.
type memory struct {
	reserved  []byte
	used      int64 // bytes; memory never shrinks, so this is the peak
	exhausted bool  // the guest asked for more than the limit
}

// reserve maps the range. Release undoes it.
func (m *memory) reserve(limit int64) error {
	size := max(min(limit, maxMemory)/pageSize*pageSize, pageSize)
	reserved, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("reserve %d bytes of address space for a guest: %w", size, err)
	}
	m.reserved = reserved
	return nil
}

// release unmaps the range. Touching it afterwards kills the process, so this
// is the last thing an attempt does.
func (m *memory) release() {
	if m.reserved != nil {
		_ = unix.Munmap(m.reserved) // fails only for a range that is not ours
		m.reserved = nil
	}
}

// Allocate implements [experimental.MemoryAllocator].
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements [experimental.LinearMemory]: nil makes memory.grow
// fail. The initial size never exceeds the range, see [Module.Execute].
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		m.exhausted = true
		return nil
	}
	m.used = int64(size)
	return m.reserved[:size:size]
}

// Free implements [experimental.LinearMemory]. It leaves the memory mapped:
// the engine calls it while the guest's frames are still being unwound, or
// never. See release.
func (m *memory) Free() {}
