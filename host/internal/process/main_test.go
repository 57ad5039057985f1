package process

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	LaunchIfAsked()
	os.Exit(run(m))
}

// run builds the plugins of the tests once.
func run(m *testing.M) int {
	if built = os.Getenv(builtBefore); built != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "lessee-plugins-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	built = dir
	if err := os.Chmod(dir, 0o755); err != nil { // ordinary users read it, too
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
