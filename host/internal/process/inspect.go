package process

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
)

// Contract is the abi of native modules in the registry.
const Contract = "grpc"

// Info is what a file or directory says of itself without being run.
type Info struct {
	Digest string // hex sha256; of a directory, of its listing
	Size   int64  // bytes
}

// IsNative reports whether data is a program or a bundle, of any system: who
// registers a module need not be on the machine that runs it.
func IsNative(data []byte) bool {
	if len(data) >= 262 && string(data[257:262]) == "ustar" || bytes.HasPrefix(data, []byte("\x7fELF")) {
		return true
	}
	if len(data) < 4 {
		return false
	}
	switch binary.LittleEndian.Uint32(data) { // Mach-O, and the kind that holds several
	case 0xfeedface, 0xfeedfacf, 0xbebafeca:
		return true
	}
	return false
}

// Inspect tells what a program or a packed bundle is registered as.
func Inspect(data []byte) Info {
	sum := sha256.Sum256(data)
	return Info{Digest: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

// InspectDirectory tells what a bundle that lies in a directory is registered as.
func InspectDirectory(dir string) (Info, error) {
	files, err := scan(dir)
	if err != nil {
		return Info{}, err
	}
	info := Inspect(listing(files))
	if _, err := (&bundle{dir: dir}).command(); err != nil {
		return Info{}, err
	}
	info.Size = 0
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Info{}, err
	}
	defer root.Close() //nolint:errcheck // only read
	for _, f := range files {
		if s, err := root.Stat(f.path); err == nil {
			info.Size += s.Size()
		}
	}
	return info, nil
}
