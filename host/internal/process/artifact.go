//go:build linux

package process

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// artifact is a module that was checked and can be started again and again.
type artifact struct {
	binary *os.File // sealed; nil: the bundle's command is an interpreter
	bundle *bundle  // nil: a single binary
	path   string   // of the interpreter
	args   []string // argv
}

// Source is where a module's bytes are: here, or at a path, which may be that
// of a directory for a bundle.
type Source struct {
	Bytes []byte
	Path  string
}

// copied is a module where only this host can change it, and checked against
// its digest.
type copied struct {
	file   *os.File // sealed
	bundle *bundle  // of a directory
}

// copy copies what source holds, and checks the copy.
func (e *Engine) copy(digest string, source Source) (*copied, error) {
	if source.Path != "" {
		if info, err := os.Stat(source.Path); err == nil && info.IsDir() {
			b, err := e.copyDirectory(digest, source.Path)
			return &copied{bundle: b}, err
		}
	}
	r, err := source.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // only read
	file, found, err := seal(r)
	if err != nil {
		return nil, err
	}
	if found != digest {
		file.Close() //nolint:errcheck // it is not wanted
		return nil, fmt.Errorf("its bytes have the sha256 %s: it is not the module that was registered, so it is not run; register it anew, or put the old file back", found)
	}
	return &copied{file: file}, nil
}

// parse finds out what was copied, and how to start it. It takes the copy over.
func (e *Engine) parse(digest string, c *copied) (*artifact, error) {
	if c.bundle == nil && !isTar(c.file) {
		return &artifact{binary: c.file, args: []string{"plugin"}}, checkBinary(c.file)
	}
	if c.file != nil {
		defer c.file.Close() //nolint:errcheck // only read
		b, err := e.unpackTar(digest, c.file)
		if err != nil {
			return nil, err
		}
		c.bundle = b
	}
	return e.commanded(c.bundle)
}

func (s Source) reader() (io.ReadCloser, error) {
	if s.Path == "" {
		return io.NopCloser(bytes.NewReader(s.Bytes)), nil
	}
	return os.Open(s.Path)
}

// isTar looks for the magic of POSIX tar.
func isTar(r io.ReaderAt) bool {
	var magic [5]byte
	_, err := r.ReadAt(magic[:], 257)
	return err == nil && string(magic[:]) == "ustar"
}

// checkBinary says what is wrong with a file that can't be executed here.
func checkBinary(r io.ReaderAt) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return fmt.Errorf("it is neither an ELF program nor a .tar bundle (%w): build it for linux/%s, or pack a bundle with a %s", err, runtime.GOARCH, bundleFile)
	}
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV, "386": elf.EM_386, "arm": elf.EM_ARM}[runtime.GOARCH]
	switch {
	case f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN:
		return errors.New("it is an ELF file, but no program: link it")
	case f.Machine != want:
		return fmt.Errorf("it is a program for %s: build it for linux/%s", f.Machine, runtime.GOARCH)
	}
	return nil
}

// remove gives up the copies.
func (a *artifact) remove() {
	if a.binary != nil {
		a.binary.Close() //nolint:errcheck // only read
	}
	if a.bundle != nil {
		removeAll(a.bundle.dir)
	}
}
