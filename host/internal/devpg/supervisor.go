package devpg

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
)

// supervision starts Postgres, and stops it when nobody holds the pipe any more.
//
// Descriptor 3 is the hold's read end, 4 the server lock, which is for Postgres alone. A process
// that attaches writes the path of a card; taking the card away is the answer that it is held in
// time. The supervisor ignores signals, so only the end of the hold stops the server. It sends its
// own to its process group, whose id, unlike a process's, is not used again while it lives: first
// for a fast shutdown (again and again, because what a shell starts in the background ignores INT
// until it asks for it), in the end for an immediate one. The last line ends the timer together with
// the shell; no gentler signal is sure to reach a timer just forked.
const supervision = `
"$@" 3<&- </dev/null & postgres=$!
exec 4<&-
trap '' HUP INT TERM QUIT
while IFS= read -r card; do rm -f -- "$card"; done <&3
exec 3<&-
kill -INT 0
{ for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 2; kill -INT 0; done; kill -QUIT 0; } &
wait "$postgres"
kill -KILL 0
`

// supervise starts a supervisor and its server, and returns with the hold.
func (c *Cluster) supervise(command []string, log *os.File) (*exec.Cmd, *os.File, error) {
	read, write, err := makeHold(c.files.hold())
	if err != nil {
		return nil, nil, err
	}
	defer read.Close()
	serverLock, err := openLock(c.files.server())
	if err != nil {
		write.Close()
		return nil, nil, err
	}
	defer serverLock.Close()
	cmd, err := c.spawnSupervisor(command, log, read, serverLock)
	if err != nil {
		write.Close()
		return nil, nil, err
	}
	return cmd, write, nil
}

func (c *Cluster) spawnSupervisor(command []string, log, hold, serverLock *os.File) (*exec.Cmd, error) {
	if idle, err := tryLock(serverLock, syscall.LOCK_EX); err != nil {
		return nil, err
	} else if !idle {
		return nil, fmt.Errorf("another server runs on %s: stop it", c.files.data())
	}
	//nolint:noctx // it outlives every context: the last holder of the pipe ends it
	cmd := exec.Command("/bin/sh", slices.Concat([]string{"-c", supervision, "lessee-postgres"}, command)...)
	cmd.Dir = c.files.data()
	cmd.Env = c.account.environ()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{hold, serverLock}
	cmd.SysProcAttr = c.account.attributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the supervisor of Postgres as user id %d: %w", c.account.uid, err)
	}
	return cmd, nil
}
