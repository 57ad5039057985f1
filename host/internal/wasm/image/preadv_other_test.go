//go:build !linux || !(amd64 || arm64)

package image

import "golang.org/x/sys/unix"

func preadv(file int, parts ...[]byte) (n int, err error) {
	for _, part := range parts {
		read, err := unix.Pread(file, part, int64(n))
		if n += read; err != nil {
			return n, err
		}
	}
	return n, nil
}
