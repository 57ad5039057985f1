//go:build linux

package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// seal copies r into a memory file that nobody can change any more, and
// returns it with the digest of what it holds. What is hashed is what is
// executed, whatever becomes of the source.
func seal(r io.Reader) (file *os.File, digest string, err error) {
	file, err = memoryFile()
	if err != nil {
		return nil, "", fmt.Errorf("make a memory file: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close() //nolint:errcheck // it holds nothing that is wanted
		}
	}()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(file, hash), r); err != nil {
		return nil, "", fmt.Errorf("copy it into a memory file: %w", err)
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return nil, "", fmt.Errorf("seal the memory file: %w", err)
	}
	return file, hex.EncodeToString(hash.Sum(nil)), nil
}

// memoryFile is executable. A kernel before 6.3 does not know the flag, and
// makes no other ones.
func memoryFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("lessee-plugin", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("lessee-plugin", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "lessee-plugin"), nil
}
