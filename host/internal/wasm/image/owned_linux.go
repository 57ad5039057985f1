//go:build amd64 || arm64

package image

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// owned reads from /proc/self/pagemap which pages are a region's own.
type owned struct {
	memfd
	pagemap int
}

func openOwned() (method, error) {
	pagemap, err := openPagemap()
	return &owned{pagemap: pagemap}, err
}

func openPagemap() (int, error) {
	pagemap, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return noFile, fmt.Errorf("open /proc/self/pagemap (a process that may not be dumped can't): %w", err)
	}
	return pagemap, nil
}

func (o *owned) keep(memory []byte, b *backing) (restorer, error) {
	if err := b.show(memory); err != nil {
		return nil, err
	}
	// The page tables stay empty where no job reads: of entries that are there,
	// each is looked up after every job. For a Go guest that is worth 10 % of a job.
	r := &owner{pagemap: o.pagemap, memory: memory, image: b.bytes, page: unix.Getpagesize()}
	r.debt.fault = 16 // a page is allocated, copied and mapped
	return r, nil
}

func (o *owned) close() error { return unix.Close(o.pagemap) }

// owner is a region whose own pages are looked up.
type owner struct {
	pagemap       int
	memory, image []byte
	page          int // bytes
	debt          debt
	entries       [512]uint64 // of the page table, as many as the kernel walks at a time
}

// Bits of an entry, from Documentation/admin-guide/mm/pagemap.rst.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61 // of the image, as nothing else is mapped there
)

func isOwn(entry uint64) bool {
	return entry&(pagePresent|pageSwapped) != 0 && entry&pageOfFile == 0
}

func (o *owner) restore() error {
	found, err := o.eachRun(o.copyBack)
	if err != nil || !o.debt.due(found, len(o.memory)/o.page) {
		return err
	}
	_, err = o.eachRun(func(from, to int) error { return drop(o.memory[from:to]) })
	return err
}

func (o *owner) copyBack(from, to int) error {
	copy(o.memory[from:to], o.image[from:to])
	return nil
}

// eachRun calls visit with the bounds of each run of own pages, and returns
// how many pages these were.
func (o *owner) eachRun(visit func(from, to int) error) (pages int, err error) {
	all := len(o.memory) / o.page
	for base := 0; base < all; base += len(o.entries) {
		entries := o.entries[:min(len(o.entries), all-base)]
		if err := o.read(base, entries); err != nil {
			return pages, err
		}
		for i := 0; i < len(entries); i++ {
			start := i
			for i < len(entries) && isOwn(entries[i]) {
				i++
			}
			if i == start {
				continue
			}
			pages += i - start
			if err := visit((base+start)*o.page, (base+i)*o.page); err != nil {
				return pages, err
			}
		}
	}
	return pages, nil
}

// read fills entries with those of the region's pages from base on.
func (o *owner) read(base int, entries []uint64) error {
	const width = int(unsafe.Sizeof(entries[0]))
	buffer := unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), len(entries)*width)
	first := int(uintptr(unsafe.Pointer(&o.memory[0])))/o.page + base
	var n int
	err := again(func() (err error) {
		n, err = unix.Pread(o.pagemap, buffer, int64(first*width))
		return err
	})
	if err != nil {
		return fmt.Errorf("read /proc/self/pagemap: %w", err)
	}
	if n != len(buffer) {
		return fmt.Errorf("read /proc/self/pagemap: got %d of %d bytes", n, len(buffer))
	}
	return nil
}
