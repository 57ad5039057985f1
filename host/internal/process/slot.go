//go:build linux

package process

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultDir is where an engine keeps sockets and bundles when its
// configuration does not say: a place that is gone after a boot, with a short
// path, because the path of a socket has at most 107 bytes.
func DefaultDir() string {
	if os.Getuid() == 0 {
		return "/run/lessee"
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "lessee")
	}
	return filepath.Join(os.TempDir(), "lessee-"+strconv.Itoa(os.Getuid()))
}

const maxDir = 60 // bytes of the path, so that a socket's fits

// slot is the part of the private directory that one host has for itself, for
// as long as it holds the lock.
type slot struct {
	dir  string
	file *os.File
}

// number tells slots of this machine apart: 22 bits.
func (s *slot) number() uint32 {
	hash := fnv.New32a()
	hash.Write([]byte(s.dir)) //nolint:errcheck // never fails
	return hash.Sum32() >> 10
}

func (s *slot) bundles() string { return filepath.Join(s.dir, "b") }
func (s *slot) runs() string    { return filepath.Join(s.dir, "r") }

// takeSlot clears up after hosts that were killed, and takes a slot.
func takeSlot(dir string) (*slot, error) {
	if len(dir) > maxDir {
		return nil, fmt.Errorf("the path %s has %d bytes: sockets below it need one of at most %d; set plugin_dir", dir, len(dir), maxDir)
	}
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if left, err := take(filepath.Join(dir, e.Name())); err == nil && left != nil {
			left.release()
		}
	}
	for n := range 1000 {
		mine, err := take(filepath.Join(dir, strconv.Itoa(n)))
		if err != nil || mine != nil {
			return mine, err
		}
	}
	return nil, fmt.Errorf("a thousand hosts hold the slots of %s", dir)
}

// privateDir makes a directory that only this user writes to. Plugins with
// users of their own have to pass through it, and can't list it.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("make the private directory for plugins: %w", err)
	}
	var info unix.Stat_t
	if err := unix.Lstat(dir, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR || int(info.Uid) != os.Getuid() || info.Mode&0o022 != 0 {
		return fmt.Errorf("%s is not a directory that only this user can write to: set plugin_dir to another one", dir)
	}
	return nil
}

// take returns nil when another host holds the slot, or just gave it up.
func take(dir string) (*slot, error) {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	s := &slot{dir: dir, file: file}
	held := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
	if !held || !s.there(path) {
		return nil, file.Close()
	}
	s.clear()
	return s, errors.Join(os.Mkdir(s.bundles(), 0o711), os.Mkdir(s.runs(), 0o711))
}

// there reports whether the lock is still the file of that path.
func (s *slot) there(path string) bool {
	locked, err := s.file.Stat()
	named, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(locked, named)
}

// clear ends and removes what a host left here that was killed.
func (s *slot) clear() {
	hunt(s.dir)
	for _, group := range s.cgroups() {
		group.kill()
		group.remove(time.Second)
	}
	entries, _ := os.ReadDir(s.dir) // none: nothing to clear
	for _, e := range entries {
		if e.Name() != "lock" {
			removeAll(filepath.Join(s.dir, e.Name()))
		}
	}
}

// cgroups are those that were noted here.
func (s *slot) cgroups() (out []*cgroup) {
	notes, _ := filepath.Glob(filepath.Join(s.runs(), "*", cgroupNote))
	for _, note := range notes {
		if dir, err := os.ReadFile(note); err == nil {
			out = append(out, &cgroup{dir: string(dir)})
		}
	}
	return out
}

// release gives the slot back, empty.
func (s *slot) release() {
	removeAll(s.dir)
	s.file.Close() //nolint:errcheck // it gives the lock back
}

// killMarked kills the processes whose TMPDIR is below dir: the last resort
// for those that left their group, where there is neither PID namespace nor
// cgroup. It tells how many there were.
func killMarked(dir string) (found int) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		env, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(env, []byte("TMPDIR="+dir+"/")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() {
			found++
			unix.Kill(pid, unix.SIGKILL) //nolint:errcheck // it may be gone
		}
	}
	return found
}

// hunt kills until nothing marked was found twice: a process has no
// environment for the moment in which it becomes another program.
func hunt(dir string) {
	for clear, n := 0, 0; clear < 2 && n < 100; n++ {
		if clear++; killMarked(dir) > 0 {
			clear = 0
		}
		time.Sleep(10 * time.Millisecond) // nobody tells when they are gone
	}
}
