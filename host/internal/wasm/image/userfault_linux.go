//go:build amd64 || arm64

package image

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// userfault is a descriptor of userfaultfd(2). One serves all regions.
type userfault int

// From include/uapi/linux/userfaultfd.h of Linux 6.7.
const (
	uffdUserModeOnly = 1 // allows the call to everybody (vm.unprivileged_userfaultfd)

	uffdAPI                  = 0xaa
	uffdFeatureWPFile        = 1 << 12 // UFFD_FEATURE_WP_HUGETLBFS_SHMEM
	uffdFeatureWPUnpopulated = 1 << 13
	uffdFeatureWPAsync       = 1 << 15

	uffdioAPI          = 0xc018aa3f // _IOWR(0xaa, 0x3f, struct uffdio_api)
	uffdioRegister     = 0xc020aa00 // _IOWR(0xaa, 0x00, struct uffdio_register)
	uffdioWriteProtect = 0xc018aa06 // _IOWR(0xaa, 0x06, struct uffdio_writeprotect)

	uffdioRegisterModeWP     = 1 << 1
	uffdioWriteProtectModeWP = 1 << 0
)

// openUserfault asks for user-mode faults only, which needs no privilege. That
// restricts faults which are handed to us, and with WP_ASYNC none is: the
// kernel settles every write by itself, its own ones too.
func openUserfault() (userfault, error) {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK|uffdUserModeOnly, 0, 0)
	if errno != 0 {
		return noFile, fmt.Errorf("userfaultfd(2) (a container's seccomp profile may forbid it): %w", errno)
	}
	u := userfault(fd)
	api := struct{ api, features, ioctls uint64 }{uffdAPI, uffdFeatureWPFile | uffdFeatureWPUnpopulated | uffdFeatureWPAsync, 0}
	if _, err := control(int(u), uffdioAPI, unsafe.Pointer(&api)); err != nil {
		_ = u.close()
		return noFile, fmt.Errorf("asynchronous write-protection (needs Linux 6.7, on arm64 6.10): %w", err)
	}
	return u, nil
}

func (u userfault) close() error { return unix.Close(int(u)) }

// register lets memory be protected. Unmapping it undoes that.
func (u userfault) register(memory []byte) error {
	arg := struct{ start, length, mode, ioctls uint64 }{address(memory), uint64(len(memory)), uffdioRegisterModeWP, 0}
	if _, err := control(int(u), uffdioRegister, unsafe.Pointer(&arg)); err != nil {
		return fmt.Errorf("register %d bytes with userfaultfd: %w", len(memory), err)
	}
	return nil
}

// protect marks all pages of memory as not written.
func (u userfault) protect(memory []byte) error {
	arg := struct{ start, length, mode uint64 }{address(memory), uint64(len(memory)), uffdioWriteProtectModeWP}
	if _, err := control(int(u), uffdioWriteProtect, unsafe.Pointer(&arg)); err != nil {
		return fmt.Errorf("write-protect %d bytes: %w", len(memory), err)
	}
	return nil
}

// address is where memory is mapped. It is not the Go heap's, so it stays.
func address(memory []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&memory[0]))) }

// control is ioctl(2).
func control(fd int, request uintptr, arg unsafe.Pointer) (result int, err error) {
	err = again(func() error {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
		if errno != 0 {
			return errno
		}
		result = int(n)
		return nil
	})
	return result, err
}
