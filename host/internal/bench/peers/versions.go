package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// versions names the systems that Lessee is held against.
func versions() (string, error) {
	var all []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/riverqueue/river" {
				all = append(all, "River "+dep.Version)
			}
		}
	}
	for _, name := range []string{"graphile-worker", "pg-boss", "node"} {
		data, err := os.ReadFile(filepath.Join("node", "node_modules", name, "package.json"))
		if err != nil {
			return "", fmt.Errorf("the queues in JavaScript are not installed: run ./setup: %w", err)
		}
		var found struct{ Version string }
		if err := json.Unmarshal(data, &found); err != nil {
			return "", fmt.Errorf("read the version of %s: %w", name, err)
		}
		all = append(all, name+" "+found.Version)
	}
	return strings.Join(all, ", "), nil
}
