//go:build !wasip1

package process

import (
	"os"
	"time"
)

// endWithHost ends this program when its parent is gone. On Linux the kernel
// does so at once; this is for where it does not.
func endWithHost(parent int) {
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}
