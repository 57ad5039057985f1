package image

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Image is what a memory held when it was taken. It never changes, and is safe
// for concurrent use. It is given back when it is closed and no region keeps it.
type Image struct {
	method  method
	backing *backing
	size    int

	mu      sync.Mutex
	holders int // regions, and one for whoever took it
	closed  bool
}

// backing is where an image lies.
type backing struct {
	bytes []byte // mapped, read-only
	file  int    // the same as a file, or noFile
}

const noFile = -1

func (b *backing) free() error {
	var errs []error
	if b.bytes != nil {
		errs = append(errs, unix.Munmap(b.bytes))
	}
	if b.file != noFile {
		errs = append(errs, unix.Close(b.file))
	}
	return errors.Join(errs...)
}

// Take makes an image of a memory. No guest may write to it meanwhile.
func (k *Keeper) Take(memory []byte) (*Image, error) {
	if len(memory)%wasmPage != 0 {
		return nil, fmt.Errorf("take an image of %d bytes: the size of a linear memory is a multiple of %d", len(memory), wasmPage)
	}
	i := &Image{method: k.method, size: len(memory), holders: 1}
	if len(memory) == 0 {
		i.method = copying{} // nothing can be mapped, and nothing is to be copied
	}
	var err error
	if i.backing, err = i.method.take(memory); err != nil {
		return nil, fmt.Errorf("take an image of %d bytes of memory: %w", len(memory), err)
	}
	return i, nil
}

// Size is the number of bytes in the image.
func (i *Image) Size() int64 { return int64(i.size) }

// Bytes is the image itself, to be read until it is closed.
func (i *Image) Bytes() []byte { return i.backing.bytes }

// Close lets go of the image. Regions that keep it are not disturbed; no
// further region can.
func (i *Image) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	i.closed = true
	return i.drop()
}

func (i *Image) hold() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return errors.New("the image is closed")
	}
	i.holders++
	return nil
}

func (i *Image) release() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.drop()
}

func (i *Image) drop() error {
	if i.holders--; i.holders > 0 {
		return nil
	}
	return i.backing.free()
}
