//go:build amd64 || arm64

package image

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// memfd keeps an image in a sealed file that lives in memory alone, so that
// all regions map the same pages. The ways of Linux embed it.
type memfd struct{}

func (memfd) take(memory []byte) (*backing, error) {
	file, err := createMemfd()
	if err != nil {
		return nil, fmt.Errorf("create a file in memory: %w", err)
	}
	b := &backing{file: file}
	if err := b.fill(memory); err != nil {
		return nil, errors.Join(err, b.free())
	}
	return b, nil
}

// createMemfd asks for a file that can't be executed, as some machines demand
// (vm.memfd_noexec); kernels before 6.3 don't know the flag.
func createMemfd() (int, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	file, err := unix.MemfdCreate("lessee-image", flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		file, err = unix.MemfdCreate("lessee-image", flags)
	}
	return file, err
}

// fill writes the image, and seals it: from then on nobody can change it.
func (b *backing) fill(memory []byte) error {
	if err := writeAll(b.file, memory); err != nil {
		return fmt.Errorf("write an image: %w", err)
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(b.file), unix.F_ADD_SEALS, seals); err != nil {
		return fmt.Errorf("seal an image: %w", err)
	}
	var err error
	b.bytes, err = unix.Mmap(b.file, 0, len(memory), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return fmt.Errorf("map an image: %w", err)
	}
	return nil
}

func writeAll(file int, data []byte) error {
	for offset := 0; offset < len(data); {
		var n int
		err := again(func() (err error) {
			n, err = unix.Pwrite(file, data[offset:], int64(offset))
			return err
		})
		if err != nil {
			return err
		}
		offset += n
	}
	return nil
}

// show maps the image privately in the place of memory. Single pages are
// wanted: with huge ones, a write of one byte would cost two megabytes.
func (b *backing) show(memory []byte) error {
	if err := replace(memory, b.file, unix.MAP_PRIVATE|unix.MAP_NORESERVE); err != nil {
		return err
	}
	if err := unix.Madvise(memory, unix.MADV_NOHUGEPAGE); err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: there are none
		return fmt.Errorf("forbid huge pages: %w", err)
	}
	return nil
}

// populate fills the page tables, so that reading does not fault. Kernels
// before 5.14 can't; then it does.
func populate(memory []byte) error {
	err := again(func() error { return unix.Madvise(memory, unix.MADV_POPULATE_READ) })
	if err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("populate %d bytes: %w", len(memory), err)
	}
	return nil
}

// drop gives up the private pages of memory: what shows is the image.
func drop(memory []byte) error {
	if err := again(func() error { return unix.Madvise(memory, unix.MADV_DONTNEED) }); err != nil {
		return fmt.Errorf("drop %d bytes: %w", len(memory), err)
	}
	return nil
}
