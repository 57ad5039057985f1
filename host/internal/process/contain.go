//go:build linux

package process

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/lessee-run/lessee/registry"
)

// contain puts the levels into force that are the launcher's, on this thread:
// the one that will execute the plugin. Those of the host came with the fork.
func contain(s spec) (held []string, missing []level) {
	unix.Umask(0o077)
	missing = s.Missing
	if registry.Containment(s.Level) == registry.ContainmentOff {
		return nil, missing
	}
	for _, l := range []struct {
		name string
		set  func(spec) error
	}{
		{levelRlimits, setRlimits},
		{levelNoPrivs, setNoNewPrivs},
		{levelLandlock, setLandlock},
		{levelUser, setUser},
		{levelSeccomp, setSeccomp},
	} {
		if err := l.set(s); err != nil {
			missing = append(missing, level{l.name, err.Error()})
		} else {
			held = append(held, l.name)
		}
	}
	return held, missing
}

// setRlimits goes by the resource's number. Package syscall's has to set the
// open files: another's would be undone by its exec.
func setRlimits(s spec) error {
	for resource, value := range s.Bounds {
		limit := syscall.Rlimit{Cur: uint64(value), Max: uint64(value)}
		if err := syscall.Setrlimit(resource, &limit); err != nil {
			return fmt.Errorf("resource %d to %d: %w", resource, value, err)
		}
	}
	return nil
}

func setNoNewPrivs(spec) error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// setUser gives up root for a user that nobody else is.
func setUser(s spec) error {
	if s.User == 0 {
		return fmt.Errorf("the host is not root, so plugins run as its own user, %d", unix.Getuid())
	}
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("drop groups: %w", err)
	}
	if err := syscall.Setresgid(s.User, s.User, s.User); err != nil {
		return fmt.Errorf("become group %d: %w", s.User, err)
	}
	if err := syscall.Setresuid(s.User, s.User, s.User); err != nil {
		return fmt.Errorf("become user %d: %w", s.User, err)
	}
	return nil
}
