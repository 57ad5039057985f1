//go:build linux

package process

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lessee-run/lessee/registry"
)

// child is a process as the system knows it.
type child struct {
	engine    *Engine
	dir       string // its own, with its sockets and its TMPDIR
	user      int    // its uid; 0: the host's
	cgroup    *cgroup
	stdout    *os.File
	stderr    *os.File
	pid       int
	cmd       *exec.Cmd
	contained containment
	nested    bool     // in a PID namespace of its own
	grouped   bool     // in cgroup
	ungrouped string   // why there is no cgroup
	held      []string // levels that came with the fork

	kills  sync.Mutex // no signal after the pid was given back
	killed bool       // as soon as there is a process
	reaped bool
	exited chan struct{} // closed when it is gone, and state is set
	state  *os.ProcessState
}

// fork is one way to start a child.
type fork struct {
	flags  uintptr // namespaces
	cgroup bool
}

// forks are the ways to start a child, the best first. What fails is given up
// one by one: namespaces may be forbidden or used up, cgroups not taken over.
func (c *child) forks(s spec) []fork {
	best := fork{cgroup: c.cgroup != nil}
	if registry.Containment(s.Level) != registry.ContainmentOff {
		best.flags = unix.CLONE_NEWPID | unix.CLONE_NEWIPC
		if !s.Network {
			best.flags |= unix.CLONE_NEWNET
		}
		if os.Getuid() != 0 {
			best.flags |= unix.CLONE_NEWUSER
		}
	}
	return []fork{best, {flags: best.flags}, {cgroup: best.cgroup}, {}}
}

func (c *child) attributes(how fork) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Cloneflags: how.flags}
	if how.flags&unix.CLONE_NEWUSER != 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	if how.cgroup {
		attr.UseCgroupFD, attr.CgroupFD = true, int(c.cgroup.fd.Fd())
	}
	return attr
}

// start forks the launcher and waits until it has become the plugin.
func (c *child) start(s spec, binary *os.File) error {
	pipes, err := newPipes()
	if err != nil {
		return err
	}
	var failed []error
	for _, how := range c.forks(s) {
		if err := c.fork(pipes, binary, how); err != nil {
			failed = append(failed, err)
			continue
		}
		s.Missing = c.lacking(s, how, errors.Join(failed...))
		if os.Getuid() != 0 && !c.nested { // it would count all that this user runs
			delete(s.Bounds, unix.RLIMIT_NPROC)
		}
		return c.tell(pipes, s)
	}
	pipes.forked()
	pipes.close()
	return fmt.Errorf("fork: %w", errors.Join(failed...))
}

func (c *child) fork(p *pipes, binary *os.File, how fork) (err error) {
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{launcherName}, Env: []string{}, Dir: "/",
		Stdout: p.out[1], Stderr: p.err[1], ExtraFiles: []*os.File{p.spec[0], p.report[1]},
		SysProcAttr: c.attributes(how),
	}
	if binary != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, binary)
	}
	c.engine.forker.do(func() { err = cmd.Start() })
	if err != nil {
		return err
	}
	p.forked()
	c.kills.Lock()
	defer c.kills.Unlock()
	c.cmd, c.pid, c.stdout, c.stderr = cmd, cmd.Process.Pid, p.out[0], p.err[0]
	c.nested, c.grouped = how.flags&unix.CLONE_NEWPID != 0, how.cgroup
	go c.reap()
	if c.killed {
		c.killAll()
	}
	return nil
}

// lacking are the levels that should have come with the fork.
func (c *child) lacking(s spec, how fork, failed error) (out []level) {
	c.held = append(c.held, levelGroup)
	why := "the kernel or its settings refuse"
	if failed != nil {
		why = failed.Error()
	}
	for _, l := range []struct {
		name   string
		holds  bool
		reason string
	}{
		{levelPIDs, c.nested, why},
		{levelNetwork, s.Network || how.flags&unix.CLONE_NEWNET != 0, why},
		{levelCgroup, c.grouped && c.engine.cgroups.lacking == "", cmp.Or(c.engine.cgroups.lacking, c.ungrouped, why)},
	} {
		switch {
		case registry.Containment(s.Level) == registry.ContainmentOff || l.name == levelNetwork && s.Network:
		case l.holds:
			c.held = append(c.held, l.name)
		default:
			out = append(out, level{l.name, l.reason})
		}
	}
	return out
}

// tell gives the launcher its orders and hears what became of them.
func (c *child) tell(p *pipes, s spec) error {
	defer p.report[0].Close() //nolint:errcheck // only read
	err := json.NewEncoder(p.spec[1]).Encode(s)
	err = errors.Join(err, p.spec[1].Close())
	if heard := c.listen(p.report[0]); heard != nil {
		return heard
	}
	if err != nil {
		return fmt.Errorf("tell the launcher: %w", err)
	}
	return nil
}

// listen reads what the launcher reports. The end of it is the exec.
func (c *child) listen(report *os.File) error {
	report.SetReadDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // pipes take one
	spoke := false
	for d := json.NewDecoder(io.LimitReader(report, 64<<10)); ; {
		var o outcome
		switch err := d.Decode(&o); {
		case errors.Is(err, io.EOF) && spoke:
			return nil
		case err != nil:
			return fmt.Errorf("the launcher fell silent (does the program call process.LaunchIfAsked first?): %w", err)
		case o.Error != "":
			return errors.New(o.Error)
		}
		spoke = true
		c.contained = containment{append(c.held, o.Held...), o.Missing}
	}
}

// reap waits for the process. What it left in its group is killed before its
// pid is given back, so that no other group is hit.
func (c *child) reap() {
	var info unix.Siginfo
	for unix.Waitid(unix.P_PID, c.pid, &info, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	c.kills.Lock()
	c.killAll()
	c.cmd.Wait() //nolint:errcheck // the state tells
	c.reaped = true
	c.state = c.cmd.ProcessState
	c.kills.Unlock()
	c.drain()
	close(c.exited)
}

// kill ends the process and all that it started. It is gone when exited is closed.
func (c *child) kill() {
	c.kills.Lock()
	defer c.kills.Unlock()
	c.killed = true
	if c.pid != 0 && !c.reaped {
		c.killAll()
	}
}

// started reports whether there is a process, or was.
func (c *child) started() bool {
	c.kills.Lock()
	defer c.kills.Unlock()
	return c.pid != 0
}

func (c *child) killAll() {
	c.cgroup.kill()
	unix.Kill(c.pid, unix.SIGKILL)  //nolint:errcheck // it may be dead
	unix.Kill(-c.pid, unix.SIGKILL) //nolint:errcheck // there may be no group
	if !c.nested && !c.grouped {
		killMarked(c.dir)
	}
}

// drain ends the reading of its output, also when somebody still holds the
// other end, soon after what was written is read.
func (c *child) drain() {
	deadline := time.Now().Add(deathGrace)
	c.stdout.SetReadDeadline(deadline) //nolint:errcheck // pipes take one
	c.stderr.SetReadDeadline(deadline) //nolint:errcheck // pipes take one
}

// end tells how the process ended.
func (c *child) end() string {
	status, ok := c.state.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return c.state.String()
	case status.Signaled():
		return "signal " + status.Signal().String()
	}
	return "exit status " + strconv.Itoa(status.ExitStatus())
}

// remove takes away what the child had, when it is gone.
func (c *child) remove() {
	defer c.engine.users.give(c.user)
	if c.started() && !c.nested && !c.grouped {
		hunt(c.dir)
	}
	c.cgroup.remove(2 * time.Second)
	for _, f := range []*os.File{c.stdout, c.stderr} {
		if f != nil {
			f.Close() //nolint:errcheck // only read
		}
	}
	removeAll(c.dir)
}

// home makes the directory of a child: only it and this host can look in.
func (c *child) home() error {
	temp := filepath.Join(c.dir, "tmp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return err
	}
	if c.cgroup != nil { // so that a later host finds it
		if err := os.WriteFile(filepath.Join(c.dir, cgroupNote), []byte(c.cgroup.dir), 0o600); err != nil {
			return err
		}
	}
	if c.user == 0 {
		return nil
	}
	return errors.Join(os.Chown(c.dir, c.user, c.user), os.Chown(temp, c.user, c.user))
}
