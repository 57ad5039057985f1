//go:build linux

package process

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// launcherName is argv[0] of this program when it is to be the launcher.
const launcherName = "lessee-launcher"

// Descriptors of the launcher.
const (
	fdSpec   = 3 // pipe: what to do
	fdReport = 4 // pipe: what was done; closed by the exec that succeeds
	fdBinary = 5 // the sealed binary, if there is one
)

// spec tells the launcher what to become.
type spec struct {
	Path    string      `json:"path"` // to execute; empty: fdBinary
	Args    []string    `json:"args"`
	Env     []string    `json:"env"`
	Dir     string      `json:"dir"`
	Level   string      `json:"level"` // a registry.Containment
	Missing []level     `json:"missing"`
	User    int         `json:"user"` // uid and gid; 0: as it is
	Network bool        `json:"network"`
	Fences  fences      `json:"fences"` // of the file system
	Bounds  map[int]int `json:"bounds"` // rlimits
}

// LaunchIfAsked turns this process into a plugin if a host started it for
// that, and does not return then. It has to be the first thing that a program
// does which runs an engine; a test binary's TestMain too.
func LaunchIfAsked() {
	if len(os.Args) == 0 || os.Args[0] != launcherName {
		return
	}
	runtime.LockOSThread()
	report := os.NewFile(fdReport, "report")
	err := launch(report)
	json.NewEncoder(report).Encode(outcome{Error: err.Error()}) //nolint:errcheck // nobody is left to tell
	os.Exit(126)
}

// launch returns only when it failed.
func launch(report *os.File) error {
	if err := dieWithHost(); err != nil {
		return err
	}
	leaveTerminal()
	var s spec
	if err := json.NewDecoder(os.NewFile(fdSpec, "spec")).Decode(&s); err != nil {
		return fmt.Errorf("the host did not say what to start: %w", err)
	}
	if err := os.Chdir(s.Dir); err != nil {
		return err
	}
	held, missing := contain(s)
	if err := refuseUncontained(s, missing); err != nil {
		return err
	}
	if err := unix.CloseRange(fdSpec, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close what is not the plugin's: %w", err)
	}
	if err := dieWithHost(); err != nil { // a change of user forgot the first
		return err
	}
	if err := json.NewEncoder(report).Encode(outcome{Held: held, Missing: missing}); err != nil {
		return fmt.Errorf("the host is gone: %w", err)
	}
	path := s.Path
	if path == "" {
		path = fmt.Sprintf("/proc/self/fd/%d", fdBinary)
	}
	return fmt.Errorf("execute it: %w", syscall.Exec(path, s.Args, s.Env))
}

// dieWithHost asks for a SIGKILL when the thread ends that forked this process.
func dieWithHost() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("ask to die with the host: %w", err)
	}
	return nil
}

// leaveTerminal gives up the terminal that the host was started from. A session
// of its own would do it too, and make the kernel schedule each plugin apart,
// which costs a round trip up to a third on a busy machine.
func leaveTerminal() {
	tty, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return // there is none
	}
	unix.IoctlSetInt(tty, unix.TIOCNOTTY, 0) //nolint:errcheck // it is the controlling one
	unix.Close(tty)                          //nolint:errcheck // nothing was written
}

// outcome is what the launcher reports.
type outcome struct {
	Held    []string `json:"held,omitempty"`
	Missing []level  `json:"missing,omitempty"`
	Error   string   `json:"error,omitempty"`
}
