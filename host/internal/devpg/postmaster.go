package devpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// postmaster is what a running server says of itself in the file postmaster.pid.
type postmaster struct {
	pid     int
	sockets string
}

func readPostmaster(data string) (postmaster, error) {
	path := filepath.Join(data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil {
		return postmaster{}, fmt.Errorf("ask which server runs: %w", err)
	}
	// The lines: process id, data directory, start time, port, socket directory, and more.
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 || len(lines) < 5 {
		return postmaster{}, fmt.Errorf("%s is not what Postgres writes there: %q", path, text)
	}
	return postmaster{pid: pid, sockets: lines[4]}, nil
}
