package egress

import (
	"io"
	"log"
)

// Hush drops what anybody tells the standard logger of this process. net/http
// writes there what a server sends unasked, which may be a secret, and takes no
// other logger for it. Nothing of the host's own uses it.
func Hush() { log.SetOutput(io.Discard) }
