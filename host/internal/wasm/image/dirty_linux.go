//go:build amd64 || arm64

package image

import (
	"errors"

	"golang.org/x/sys/unix"
)

// dirty write-protects pages by userfaultfd, in the mode in which the kernel
// takes the protection off by itself at the first write, and asks by
// PAGEMAP_SCAN which pages are no longer protected. Both serve all regions.
type dirty struct {
	memfd
	faults  userfault
	pagemap int
}

func openDirty() (method, error) {
	faults, err := openUserfault()
	if err != nil {
		return nil, err
	}
	pagemap, err := openPagemap()
	if err != nil {
		return nil, errors.Join(err, faults.close())
	}
	return &dirty{faults: faults, pagemap: pagemap}, nil
}

func (d *dirty) keep(memory []byte, b *backing) (restorer, error) {
	if err := b.show(memory); err != nil {
		return nil, err
	}
	if err := populate(memory); err != nil {
		return nil, err
	}
	if err := d.faults.register(memory); err != nil {
		return nil, err
	}
	r := &tracked{faults: d.faults, scanner: scanner{pagemap: d.pagemap}, memory: memory, image: b.bytes}
	r.debt.fault = 8 // the region has the page already, it is only mapped writable again
	return r, d.faults.protect(memory)
}

func (d *dirty) close() error { return errors.Join(unix.Close(d.pagemap), d.faults.close()) }

// tracked is a region whose written pages the kernel knows.
type tracked struct {
	faults        userfault
	scanner       scanner
	memory, image []byte
	debt          debt
}

func (t *tracked) restore() error {
	copied := 0
	err := t.scanner.written(t.memory, func(from, to int) {
		copied += copy(t.memory[from:to], t.image[from:to])
	})
	page := unix.Getpagesize()
	if err != nil || !t.debt.due(copied/page, len(t.memory)/page) {
		return err
	}
	return t.faults.protect(t.memory)
}
