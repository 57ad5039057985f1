package devpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	port = 5432 // part of the socket's file name, and nothing else: no TCP port is opened

	// maxSocketPath is below what the kernels accept: 107 bytes on Linux, 103 on macOS.
	maxSocketPath = 100
)

// socketDir makes the private directory of the socket: run beside the data, or, where that path is
// too long for a socket, a directory of hashed name among the temporary files.
func (l layout) socketDir(as account) (string, error) {
	sum := sha256.Sum256([]byte(l.root))
	short := "lessee-" + hex.EncodeToString(sum[:8])
	for _, dir := range []string{l.run(), filepath.Join(os.TempDir(), short), filepath.Join("/tmp", short)} {
		if len(socketPath(dir)) <= maxSocketPath {
			return dir, privateDir(dir, as)
		}
	}
	return "", fmt.Errorf("no directory has a path short enough for a socket: pass a data directory shorter than %s", l.root)
}

func socketPath(dir string) string {
	return filepath.Join(dir, fmt.Sprintf(".s.PGSQL.%d", port))
}

// privateDir makes a directory that only the account may enter. One that is there already is
// trusted only if nobody else can have prepared it for us.
func privateDir(dir string, as account) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return as.own(dir)
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create the socket's directory: %w", err)
	}
	return checkPrivate(dir, as)
}

func checkPrivate(dir string, as account) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the socket's directory: %w", err)
	}
	owner, err := ownerOf(dir)
	if err != nil {
		return err
	}
	ours := owner.uid == as.uid || owner.uid == os.Geteuid()
	if !info.IsDir() || !ours || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s is not a private directory (%s, user id %d): remove it, or pass a shorter data directory",
			dir, info.Mode(), owner.uid)
	}
	if owner.uid != as.uid {
		return as.own(dir)
	}
	return nil
}
