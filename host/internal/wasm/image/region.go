package image

import (
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// ErrGrown means that the memory was larger than the image when it was
// restored. The bytes are restored, but the engine can't take the growth back:
// close the instance and the region.
var ErrGrown = errors.New("the memory grew beyond its image, and a linear memory can't shrink: close the instance")

// Region is the linear memory of one instance, for as long as that lives. One
// goroutine at a time uses it. Touching it after Close kills the process.
type Region struct {
	reserved  []byte
	size      int  // bytes exposed to the guest
	highest   int  // the largest size ever; beyond it nothing was written
	exhausted bool // the guest asked for more than the limit

	image    *Image // nil: nothing to restore to
	restorer restorer
}

// Reserve returns a region of limit bytes, of which none is used. Pages cost
// nothing until they are touched.
func Reserve(limit int64) (*Region, error) {
	size := max(min(limit, maxMemory)/wasmPage*wasmPage, wasmPage)
	reserved, err := reserve(int(size))
	if err != nil {
		return nil, fmt.Errorf("reserve %d bytes of address space for a guest: %w", size, err)
	}
	return &Region{reserved: reserved}, nil
}

// Allocate implements [experimental.MemoryAllocator], for one instance.
func (r *Region) Allocate(_, _ uint64) experimental.LinearMemory { return r }

// Reallocate implements [experimental.LinearMemory]: nil makes memory.grow
// fail. So the first size must not exceed the limit: the engine panics then.
func (r *Region) Reallocate(size uint64) []byte {
	if size > uint64(len(r.reserved)) {
		r.exhausted = true
		return nil
	}
	r.size = int(size)
	r.highest = max(r.highest, r.size)
	return r.reserved[:size:size]
}

// Free implements [experimental.LinearMemory]. It leaves the memory mapped:
// the engine calls it while the guest's frames are still being unwound, or
// never. Close gives it back.
func (r *Region) Free() {}

// Size is how much memory the guest has. As it never shrinks, this is the peak too.
func (r *Region) Size() int64 { return int64(r.size) }

// Exhausted says whether the guest asked for more than the limit, since the
// last restore or the last time that it was forgiven.
func (r *Region) Exhausted() bool { return r.exhausted }

// Forgive forgets that the guest asked for more than the limit.
func (r *Region) Forgive() { r.exhausted = false }

// Grown says whether the memory was ever larger than the image that the region
// keeps. Such an instance can't be used again.
func (r *Region) Grown() bool { return r.image != nil && r.highest > r.image.size }

// Keep makes the memory show the image, and Restore return to it. The memory
// must have the image's size: grow the instance first. Its address stays. A
// region keeps one image in its life; after an error, close it.
func (r *Region) Keep(i *Image) error {
	if r.image != nil {
		return errors.New("keep an image: the region keeps one already")
	}
	if r.size != i.size {
		return fmt.Errorf("keep an image of %d bytes in a memory of %d bytes: grow the memory to the image's size first", i.size, r.size)
	}
	if err := i.hold(); err != nil {
		return fmt.Errorf("keep an image: %w", err)
	}
	restorer, err := i.method.keep(r.reserved[:i.size], i.backing)
	if err != nil {
		return errors.Join(fmt.Errorf("keep an image of %d bytes: %w", i.size, err), i.release())
	}
	r.image, r.restorer, r.exhausted = i, restorer, false
	return nil
}

// Restore returns every byte to the image. No guest may run meanwhile. After
// an error, close the instance and the region.
func (r *Region) Restore() error {
	if r.image == nil {
		return errors.New("restore a memory: the region keeps no image")
	}
	if err := r.restorer.restore(); err != nil {
		return fmt.Errorf("restore a memory of %d bytes: %w", r.image.size, err)
	}
	r.exhausted = false
	if !r.Grown() {
		return nil
	}
	if err := wipe(r.reserved[r.image.size:r.highest]); err != nil {
		return fmt.Errorf("wipe the %d bytes that a memory has grown by: %w", r.highest-r.image.size, err)
	}
	return ErrGrown
}

// Close gives everything back. The instance must be closed.
func (r *Region) Close() error {
	if r.reserved == nil {
		return nil
	}
	reserved, image := r.reserved, r.image
	*r = Region{}
	err := unix.Munmap(reserved)
	if image != nil {
		err = errors.Join(err, image.release())
	}
	return err
}
