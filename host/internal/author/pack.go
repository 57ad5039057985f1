package author

import (
	"fmt"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// Pack writes a module with a manifest, in the place of one that it may have,
// and returns its digest.
func Pack(module, manifest []byte, output string) (string, error) {
	m, err := abi.DecodeManifest(manifest)
	if err != nil {
		return "", err
	}
	packed, err := wasm.WithManifest(module, m)
	if err != nil {
		return "", fmt.Errorf("pack the manifest into the module: %w", err)
	}
	if _, err := wasm.Inspect(packed); err != nil {
		return "", fmt.Errorf("no host would run the module: %w", err)
	}
	return digestOf(packed), replaceFile(output, packed)
}
