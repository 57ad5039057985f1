package author

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// Names in the root of a bundle: how it is started, and what the module says of itself.
const (
	bundleFile   = "plugin.json"
	manifestFile = "lessee.manifest"
)

// Identify tells what a file is without running it: a WASM module, or a native
// program or bundle. The manifest of a program is known only when it runs.
func Identify(data []byte) (wasm.Info, error) {
	if !process.IsNative(data) {
		return wasm.Inspect(data)
	}
	found := process.Inspect(data)
	manifest, err := bundledManifest(data)
	return wasm.Info{Digest: found.Digest, Size: found.Size, Contract: ContractNative, Manifest: manifest}, err
}

// bundledManifest is what a bundle holds of a manifest; nil: nothing, or it is
// no bundle.
func bundledManifest(data []byte) (*abi.Manifest, error) {
	if !isTar(data) {
		return nil, nil
	}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
		if h.Name != manifestFile {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
		m, err := abi.DecodeManifest(text)
		return &m, err
	}
}

// isTar looks for the magic of POSIX tar.
func isTar(data []byte) bool { return len(data) > 262 && string(data[257:262]) == "ustar" }
