package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lessee-run/lessee/registry"
)

func TestBinary_ThatIsSwappedAfterTheCheckIsNeverRun(t *testing.T) {
	b := newBench(t, nil)
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, program(t, "good"), 0o755); err != nil {
		t.Fatal(err)
	}
	digest := digestOf(program(t, "good"))
	m, err := b.Load(t.Context(), digest, Source{Path: path}, func(registry.Stage) {})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context()) //nolint:errcheck // never fails
	swap := func() {           // in place, which changes the same file
		if err := os.WriteFile(path, program(t, "hostile"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	swap()
	if _, err := run1(t, m, newClass(nil), object{"log": "x"}, &ear{}); err != nil {
		t.Errorf("what was checked does not run: %v", err)
	}
	if _, err := b.Load(t.Context(), digest, Source{Path: path}, func(registry.Stage) {}); err == nil || !strings.Contains(err.Error(), "it is not the module that was registered") {
		t.Errorf("the swapped file: %v", err)
	}
}

func TestBinary_CanNotBeChangedOnceItIsSealed(t *testing.T) {
	file, digest, err := seal(bytes.NewReader([]byte("program")))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // of the test
	if digest != digestOf([]byte("program")) {
		t.Errorf("digest %s", digest)
	}
	if _, err := file.WriteAt([]byte("P"), 0); err == nil {
		t.Error("it was written to")
	}
	if err := file.Truncate(1); err == nil {
		t.Error("it was cut")
	}
	if _, err := unix.Mmap(int(file.Fd()), 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		t.Error("it was mapped for writing")
	}
}

func TestBinary_ThatCanNotRunHereIsRefused(t *testing.T) {
	b := newBench(t, nil)
	b.refuses([]byte("#!/bin/sh\necho hello\n"), "neither an ELF program nor a .tar bundle")
	other := bytes.Clone(program(t, "good"))
	other[18] = 0x16 // e_machine: s390
	b.refuses(other, "it is a program for EM_S390")
}
