//go:build linux

package process

import (
	"fmt"
	"strings"

	"github.com/lessee-run/lessee/registry"
)

// Levels of containment, in the order in which a report lists them.
const (
	levelGroup    = "group"        // own group, no terminal; killed when the host dies
	levelPIDs     = "processes"    // own PID namespace: what it starts dies with it, and it sees no others
	levelUser     = "user"         // an unprivileged user of its own
	levelRlimits  = "rlimits"      // open files, file size, threads, no core dumps
	levelCgroup   = "cgroup"       // memory, pids, cpu; killed as one
	levelNoPrivs  = "no_new_privs" // no setuid program helps it
	levelSeccomp  = "seccomp"      // no system calls that a plugin has no use for
	levelLandlock = "landlock"     // files: reads programs and libraries, writes its own directory
	levelNetwork  = "network"      // own network namespace, with nothing in it
)

// level is one that does not hold.
type level struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func (l level) String() string { return fmt.Sprintf("%s (%s)", l.Name, l.Reason) }

// containment is what holds for a process.
type containment struct {
	held    []string
	missing []level
}

// String is for the reason of a class that is ready.
func (c containment) String() string {
	if len(c.held) == 0 {
		return ""
	}
	text := "contained by: " + strings.Join(c.held, ", ")
	if len(c.missing) > 0 {
		text += "; not by: " + list(c.missing)
	}
	return text
}

func list(levels []level) string {
	texts := make([]string, len(levels))
	for i, l := range levels {
		texts[i] = l.String()
	}
	return strings.Join(texts, ", ")
}

// refuseUncontained is the launcher's own look, with nothing but exec to come.
func refuseUncontained(s spec, missing []level) error {
	if registry.Containment(s.Level) != registry.ContainmentRequired || len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("containment is required, and this host does not hold %s: give the host what it lacks, or set the class's containment to best", list(missing))
}
