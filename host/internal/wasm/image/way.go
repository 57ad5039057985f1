package image

import (
	"fmt"
	"slices"
	"strings"
)

// Way is how a region is restored. See the package's doc.
type Way string

// The ways, fastest first for the images of common guests. Cow is the thriftiest
// with memory, and beats copy when jobs touch little of a very large image.
const (
	Dirty Way = "dirty" // copy back the pages that userfaultfd saw written
	Owned Way = "owned" // copy back the pages that /proc/self/pagemap shows to be the region's own
	Copy  Way = "copy"  // copy the whole image back; works everywhere
	Cow   Way = "cow"   // drop all private pages of a copy-on-write mapping; only when asked for
)

// Ways lists them, fastest first.
func Ways() []Way { return []Way{Dirty, Owned, Copy, Cow} }

// ParseWay reads the name of a way. The empty name stands for the fastest that works.
func ParseWay(name string) (Way, error) {
	if way := Way(name); name == "" || slices.Contains(Ways(), way) {
		return way, nil
	}
	return "", fmt.Errorf("there is no way %q to restore a sandbox: use dirty, owned, copy or cow, or nothing for the fastest that works", name)
}

// Report says which way is in use, and why no faster one is.
type Report struct {
	Way     Way
	Refused []Refusal // the faster ways, fastest first
}

// Refusal says why a way does not work here.
type Refusal struct {
	Way Way
	Why error
}

// String is one line for an operator.
func (r Report) String() string {
	var b strings.Builder
	b.WriteString(string(r.Way))
	for i, refusal := range r.Refused {
		b.WriteString([]string{" (", "; "}[min(i, 1)])
		fmt.Fprintf(&b, "not %s: %v", refusal.Way, refusal.Why)
	}
	if len(r.Refused) > 0 {
		b.WriteString(")")
	}
	return b.String()
}
