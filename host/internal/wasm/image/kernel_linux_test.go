//go:build amd64 || arm64

package image

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func preadv(file int, parts ...[]byte) (int, error) { return unix.Preadv(file, parts, 0) }

// The kernel's own writes, which are not faults of user mode.
func TestRegion_RestoreSeesWritesOfTheKernel(t *testing.T) {
	file := secretFile(t)
	self, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	noError(t, err)
	t.Cleanup(func() { _ = self.Close() })
	for name, write := range map[string]func([]byte) error{
		"read(2)": func(m []byte) error { _, err := unix.Pread(file, m[100:9000], 0); return err },
		"readv(2)": func(m []byte) error {
			_, err := preadv(file, m[5:6], m[20000:30000], m[len(m)-1:])
			return err
		},
		"process_vm_writev(2)": func(m []byte) error {
			source := []byte{secret, secret}
			local := []unix.Iovec{{Base: &source[0], Len: 2}}
			remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&m[4095])), Len: 2}}
			_, err := unix.ProcessVMWritev(os.Getpid(), local, remote, 0)
			return err
		},
		"/proc/self/mem": func(m []byte) error {
			_, err := self.WriteAt([]byte{secret}, int64(address(m))+70000)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, k *Keeper) {
				want := content(4*wasmPage, 11)
				clear(want[100:9000])
				region := kept(t, take(t, k, want), len(want))
				memory := region.Reallocate(uint64(len(want)))
				for range 3 {
					noError(t, write(memory))
					noError(t, region.Restore())
					exact(t, region, want)
				}
			})
		})
	}
}

func TestRegion_HugePagesChangeNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(8<<20, 12)
		region := reserved(t, 16<<20)
		noError(t, unix.Madvise(region.reserved, unix.MADV_HUGEPAGE))
		fill(region.Reallocate(uint64(len(want))), secret)
		noError(t, region.Keep(take(t, k, want)))
		for range 3 {
			noError(t, unix.Madvise(region.reserved, unix.MADV_HUGEPAGE)) // also where we forbade it
			each(region.reserved[:len(want)], 40960)
			_ = unix.Madvise(region.reserved[:len(want)], unix.MADV_COLLAPSE) // may be refused
			region.reserved[3<<20] = secret
			noError(t, region.Restore())
			exact(t, region, want)
		}
	})
}

// A page that the kernel took away to save memory was not written, and one
// that it wrote to swap was.
func TestRegion_ReclaimedPagesChangeNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(4<<20, 13)
		region := kept(t, take(t, k, want), len(want))
		for range 3 {
			each(region.reserved, 40960)
			_ = unix.Madvise(region.reserved, unix.MADV_PAGEOUT) // does what swap there is allows
			region.reserved[2<<20] = secret
			noError(t, region.Restore())
			exact(t, region, want)
		}
	})
}

func TestDirty_CopiesBackOnlyWhatWasWritten(t *testing.T) {
	keeper, err := Open(Dirty)
	noError(t, err)
	t.Cleanup(func() { noError(t, keeper.Close()) })
	want := content(3<<20, 14)
	region := kept(t, take(t, keeper, want), len(want))
	tracked := region.restorer.(*tracked)
	count := func() (bytes int) {
		noError(t, tracked.scanner.written(region.reserved, func(from, to int) { bytes += to - from }))
		return bytes
	}
	if n := count(); n != 0 {
		t.Fatalf("%d bytes count as written before the first job", n)
	}
	each(region.reserved, 2*unix.Getpagesize()) // more runs than one scan returns
	if got, want := count(), len(want)/2; got != want {
		t.Fatalf("%d bytes count as written, want %d", got, want)
	}
	noError(t, region.Restore())
	for tracked.debt.primed { // jobs that write nothing: until protecting anew is due
		noError(t, region.Restore())
	}
	if n := count(); n != 0 {
		t.Fatalf("%d bytes count as written after protecting anew", n)
	}
	exact(t, region, want)
}

func TestDirty_FailsWhenTheProtectionIsLost(t *testing.T) {
	keeper, err := Open(Dirty)
	noError(t, err)
	t.Cleanup(func() { noError(t, keeper.Close()) })
	region := kept(t, take(t, keeper, content(wasmPage, 15)), wasmPage)
	noError(t, wipe(region.reserved))
	if err := region.Restore(); err == nil {
		t.Fatal("restored a region that nobody watched")
	}
}

func TestOwned_DropsPagesWhenThatIsDue(t *testing.T) {
	keeper, err := Open(Owned)
	noError(t, err)
	t.Cleanup(func() { noError(t, keeper.Close()) })
	want := content(3<<20, 16)
	region := kept(t, take(t, keeper, want), len(want))
	owner := region.restorer.(*owner)
	each(region.reserved, 8192)
	noError(t, region.Restore())
	for owner.debt.primed {
		noError(t, region.Restore())
	}
	pages, err := owner.eachRun(func(int, int) error { return nil })
	noError(t, err)
	if pages != 0 {
		t.Fatalf("%d pages are still the region's own", pages)
	}
	exact(t, region, want)
}

// Ordinary users may not call userfaultfd(2) as root may, so the tests above
// run once more as somebody else.
func TestKeeper_WorksForAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return // it is being shown by every other test
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^(TestRegion_Restore.*|TestDirty_.*|TestKeeper_Opens.*)$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{"TMPDIR=/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

func TestKeeper_GoesWithoutUserfaultWhereItIsForbidden(t *testing.T) {
	reports := make(chan Report)
	go func() { // on a thread that ends with it, as it can't get rid of the filter
		runtime.LockOSThread()
		forbid(t, unix.SYS_USERFAULTFD)
		reports <- Probe()
	}()
	report := <-reports
	if report.Way != Owned || len(report.Refused) != 1 || !errors.Is(report.Refused[0].Why, unix.EPERM) {
		t.Errorf("got %s", report)
	}
}

// forbid makes a system call fail on this thread, as a container's profile does.
func forbid(t *testing.T, number uint32) {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Error(err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		t.Error(err)
	}
}

func TestImage_NobodyCanChangeIt(t *testing.T) {
	keeper, err := Open(Dirty)
	noError(t, err)
	t.Cleanup(func() { noError(t, keeper.Close()) })
	file := take(t, keeper, content(wasmPage, 18)).backing.file
	if _, err := unix.Pwrite(file, []byte{secret}, 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write: got %v", err)
	}
	if err := unix.Ftruncate(file, 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate: got %v", err)
	}
	if memory, err := unix.Mmap(file, 0, wasmPage, readWrite, unix.MAP_SHARED); err == nil {
		t.Error("mapped for writing to the file")
		noError(t, unix.Munmap(memory))
	}
}
