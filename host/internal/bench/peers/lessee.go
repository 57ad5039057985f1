package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
)

func peers() []peer {
	return []peer{
		{"lessee", lessee("none")},
		{"lessee, WASM per job", lessee("wasm")},
		{"hand-written, same columns", handwritten},
		{"river, best", riverAt(true)},
		{"river, defaults", riverAt(false)},
		{"graphile, best", graphile},
		{"pg-boss, best", pgboss},
	}
}

// lessee runs `lessee bench burn`, which verifies its jobs itself.
func lessee(executor string) func(context.Context, *bench, string) (float64, error) {
	return func(ctx context.Context, b *bench, dsn string) (float64, error) {
		out, err := exec.CommandContext(ctx, filepath.Join(b.dir, "lessee"), "--dsn", dsn, "bench", "burn", "--json",
			"--executor", executor, "--jobs", strconv.Itoa(b.jobs)).Output()
		if err != nil {
			return 0, fmt.Errorf("%w: %s", err, out)
		}
		var result struct {
			Speed float64 `json:"drained_per_s"`
		}
		return result.Speed, json.Unmarshal(out, &result)
	}
}
