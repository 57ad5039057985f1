package cli

import (
	"context"

	"github.com/lessee-run/lessee/host/internal/wasm/image"
)

// checkSandbox tells how a host on this machine would bring guests' memories
// back between jobs. Every way is as clean; they differ in speed.
func checkSandbox(context.Context, *examination) ([]finding, error) {
	return []finding{ok("sandbox", "memories of guests are restored by way %s", image.Probe())}, nil
}
