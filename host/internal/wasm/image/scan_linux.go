//go:build amd64 || arm64

package image

import (
	"fmt"
	"runtime"
	"unsafe"
)

// scanner asks the kernel for written pages. The answer's place is kept.
type scanner struct {
	pagemap int
	runs    [128]pageRun
}

// From include/uapi/linux/fs.h of Linux 6.7: struct page_region and
// struct pm_scan_arg.
type pageRun struct {
	start, end uint64
	_          uint64 // categories: the scan asks for one only
}

type scanArg struct {
	size, flags                                       uint64
	start, end, walkEnd                               uint64
	vec, vecLen                                       uint64
	maxPages                                          uint64
	categoryInverted, categoryMask, categoryAnyOfMask uint64
	returnMask                                        uint64
}

const (
	pagemapScan      = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	scanCheckWPAsync = 1 << 1     // fail if the range is not under asynchronous write-protection
	pageIsWritten    = 1 << 1
)

// written calls visit with the bounds of each run of pages in memory that are
// not write-protected.
func (s *scanner) written(memory []byte, visit func(from, to int)) error {
	base := address(memory)
	arg := scanArg{
		size: uint64(unsafe.Sizeof(scanArg{})), flags: scanCheckWPAsync,
		start: base, end: base + uint64(len(memory)),
		vec: uint64(uintptr(unsafe.Pointer(&s.runs))), vecLen: uint64(len(s.runs)),
		categoryMask: pageIsWritten, returnMask: pageIsWritten,
	}
	for arg.start < arg.end {
		n, err := s.scan(&arg)
		if err != nil {
			return err
		}
		for _, run := range s.runs[:n] {
			visit(int(run.start-base), int(run.end-base))
		}
		if arg.walkEnd <= arg.start {
			return fmt.Errorf("PAGEMAP_SCAN made no progress at %#x", arg.start)
		}
		arg.start = arg.walkEnd
	}
	return nil
}

// scan asks once. The kernel writes to s.runs, which lies in the Go heap and
// so does not move.
func (s *scanner) scan(arg *scanArg) (runs int, err error) {
	runs, err = control(s.pagemap, pagemapScan, unsafe.Pointer(arg))
	runtime.KeepAlive(s)
	if err != nil {
		return 0, fmt.Errorf("ask which pages were written (PAGEMAP_SCAN): %w", err)
	}
	return runs, nil
}
