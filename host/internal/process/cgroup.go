//go:build linux

package process

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupNote is the file of a process's directory that names its cgroup.
const cgroupNote = "cgroup"

// cgroups is where the cgroups of plugins are made.
type cgroups struct {
	dir     string // empty: nowhere
	lacking string // why limits can't be set; empty: they can
}

// findCgroups looks at where this process is in the hierarchy of version 2,
// and whether that is delegated to it.
func findCgroups() cgroups {
	mount, path, err := ownCgroup()
	if err != nil {
		return cgroups{lacking: err.Error()}
	}
	dir := filepath.Join(mount, path)
	if unix.Access(dir, unix.W_OK) != nil {
		return cgroups{lacking: "no delegation: " + dir + " is not writable; systemd: Delegate=yes"}
	}
	return cgroups{dir: dir, lacking: enable(dir)}
}

// enable gives the controllers to the children of dir. This process must not
// be beside them, so if it is alone in dir it moves into one of them.
func enable(dir string) (lacking string) {
	there, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	for _, want := range []string{"memory", "pids", "cpu"} {
		if !slices.Contains(strings.Fields(string(there)), want) {
			return "no delegation: the controller " + want + " is not in " + dir + "; systemd: Delegate=yes"
		}
	}
	control := func() error { return writeFile(dir, "cgroup.subtree_control", "+memory +pids +cpu") }
	err := control()
	if errors.Is(err, unix.EBUSY) {
		procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if strings.TrimSpace(string(procs)) == strconv.Itoa(os.Getpid()) {
			leaf := filepath.Join(dir, "lessee-host")
			if err = errors.Join(mkdir(leaf), writeFile(leaf, "cgroup.procs", strconv.Itoa(os.Getpid()))); err == nil {
				err = control()
			}
		}
	}
	if err != nil {
		return fmt.Sprintf("no delegation: %v; systemd: Delegate=yes", err)
	}
	return ""
}

// ownCgroup is the mount point of cgroup v2 and this process's path there.
func ownCgroup() (mount, path string, err error) {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", "", err
	}
	defer mounts.Close() //nolint:errcheck // only read
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		if fields := strings.Fields(before); strings.HasPrefix(after, "cgroup2 ") && len(fields) > 4 {
			mount = fields[4]
		}
	}
	if mount == "" {
		return "", "", errors.New("cgroup v2 is not mounted")
	}
	data, err := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return mount, rest, nil
		}
	}
	return "", "", errors.Join(err, errors.New("this process is in no cgroup of version 2"))
}

// cgroup is that of one process.
type cgroup struct {
	dir string
	fd  *os.File
}

// cgroupLimits are for the files of a cgroup.
type cgroupLimits struct {
	memory int64
	pids   int
	cpus   float64
}

// add makes a cgroup; with limits, where they can be set.
func (c cgroups) add(name string, limits *cgroupLimits) (*cgroup, error) {
	g := &cgroup{dir: filepath.Join(c.dir, name)}
	if err := mkdir(g.dir); err != nil {
		return nil, err
	}
	var err error
	if limits != nil && c.lacking == "" {
		err = g.limit(*limits)
	}
	if err == nil {
		g.fd, err = os.Open(g.dir)
	}
	if err != nil {
		g.remove(0)
		return nil, err
	}
	return g, nil
}

func (g *cgroup) limit(l cgroupLimits) error {
	const period = 100_000 // microseconds
	for file, value := range map[string]string{
		"memory.max":       strconv.FormatInt(l.memory, 10),
		"memory.oom.group": "1",
		"pids.max":         strconv.Itoa(l.pids),
		"cpu.max":          fmt.Sprintf("%d %d", int(l.cpus*period), period),
	} {
		if err := writeFile(g.dir, file, value); err != nil {
			return err
		}
	}
	if err := writeFile(g.dir, "memory.swap.max", "0"); err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without swap has no such file
		return err
	}
	return nil
}

// kill ends every process of the cgroup.
func (g *cgroup) kill() {
	if g != nil {
		writeFile(g.dir, "cgroup.kill", "1") //nolint:errcheck // it may be gone; removing it tells
	}
}

// starved reports whether the kernel killed for want of memory.
func (g *cgroup) starved() bool {
	if g == nil {
		return false
	}
	data, _ := os.ReadFile(filepath.Join(g.dir, "memory.events"))
	for line := range strings.Lines(string(data)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strings.TrimSpace(n) != "0"
		}
	}
	return false
}

// remove waits for the last process to be gone, for so long.
func (g *cgroup) remove(patience time.Duration) {
	if g == nil {
		return
	}
	if g.fd != nil {
		g.fd.Close() //nolint:errcheck // only held
	}
	for deadline := time.Now().Add(patience); unix.Rmdir(g.dir) == unix.EBUSY && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond) // the kernel tells nobody when it is empty
	}
}

func mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func writeFile(dir, name, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
