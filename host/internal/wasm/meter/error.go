package meter

import "fmt"

// Error says why a module is refused, and where.
type Error struct {
	Offset int // in the module's bytes
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("at byte %#x: %s", e.Offset, e.Reason) }
