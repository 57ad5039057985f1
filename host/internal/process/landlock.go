//go:build linux

package process

import (
	"fmt"
	"os"
	"path/filepath"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// fences are the paths that a plugin may use.
type fences struct {
	Read  []string `json:"read"`  // directories: read and execute
	Write []string `json:"write"` // directories: anything
}

// Where programs and libraries are, and the few other files that runtimes read.
// None of /etc as a whole: it holds secrets. None of /proc but what is the
// process's own: the command line of another process may hold a DSN.
func systemDirs() []string {
	return []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives",
		"/proc/self", "/proc/sys/kernel", "/proc/sys/vm", "/sys/kernel/mm/transparent_hugepage", "/sys/devices/system/cpu"}
}

func systemFiles() []string {
	return []string{"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/timezone", "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
		"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/mime.types", "/etc/passwd", "/etc/group",
		"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems"}
}

func devices() []string {
	return []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
}

const (
	landlockAll   = 1<<13 - 1 // what version 1 knows of files
	landlockRead  = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir
	landlockFile  = ll.AccessFSExecute | ll.AccessFSReadFile // what a rule for a file may hold
	landlockWrite = ll.AccessFSReadFile | ll.AccessFSWriteFile
)

// handled is what this version of landlock can refuse, of what we want refused.
func handled(version int, network bool) *ll.RulesetAttr {
	attr := &ll.RulesetAttr{HandledAccessFS: landlockAll}
	for _, right := range []struct {
		since int
		bit   uint64
	}{{2, ll.AccessFSRefer}, {3, ll.AccessFSTruncate}, {5, ll.AccessFSIoctlDev}} {
		if version >= right.since {
			attr.HandledAccessFS |= right.bit
		}
	}
	if version >= 4 && !network {
		attr.HandledAccessNet = ll.AccessNetBindTCP | ll.AccessNetConnectTCP
	}
	if version >= 6 {
		attr.Scoped = ll.ScopeAbstractUnixSocket | ll.ScopeSignal
	}
	return attr
}

// setLandlock fences the file system, signals and abstract sockets off, and TCP
// where the network is not granted, for this thread. The library's own way is
// for all threads, by a C library that hangs in a PID namespace.
func setLandlock(s spec) error {
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		return fmt.Errorf("the kernel has no landlock: %w", err)
	}
	attr := handled(version, s.Network)
	rules, err := ll.LandlockCreateRuleset(attr, 0)
	if err != nil {
		return fmt.Errorf("make a ruleset: %w", err)
	}
	defer unix.Close(rules) //nolint:errcheck // it is in force, or of no use
	for _, allowed := range []struct {
		paths  []string
		access uint64
	}{
		{append(systemDirs(), s.Fences.Read...), landlockRead},
		{systemFiles(), landlockFile},
		{devices(), landlockWrite},
		{s.Fences.Write, attr.HandledAccessFS},
	} {
		if err := allow(rules, allowed.paths, allowed.access&attr.HandledAccessFS); err != nil {
			return err
		}
	}
	if err := ll.LandlockRestrictSelf(rules, 0); err != nil {
		return fmt.Errorf("enforce the ruleset: %w", err)
	}
	return nil
}

// allow adds rules for those paths that are there.
func allow(rules int, paths []string, access uint64) error {
	for _, path := range paths {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			continue // nothing is there, or nothing that this user could use
		}
		err = ll.LandlockAddPathBeneathRule(rules, &ll.PathBeneathAttr{ParentFd: fd, AllowedAccess: access}, 0)
		unix.Close(fd) //nolint:errcheck // only a name
		if err != nil {
			return fmt.Errorf("allow %s: %w", path, err)
		}
	}
	return nil
}

// around is where the files of an interpreter are likely to be, beside those of
// the system: /opt/node for /opt/node/bin/node.
func around(program string) []string {
	out := []string{filepath.Dir(program)}
	if real, err := filepath.EvalSymlinks(program); err == nil {
		out = append(out, filepath.Dir(real))
		if root := filepath.Dir(filepath.Dir(real)); root != "/" && filepath.Base(filepath.Dir(real)) == "bin" {
			out = append(out, root)
		}
	}
	for i, dir := range out {
		if _, err := os.Stat(dir); err != nil {
			out[i] = out[0]
		}
	}
	return out
}
