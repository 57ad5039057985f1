package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal: what a person types into, and what the program has.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return person, program // a reader that was interrupted has it until the person leaves
}

// shows reports whether a terminal shows what is typed.
func shows(t *testing.T, program *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// hidden waits until a terminal no longer shows what is typed.
func hidden(t *testing.T, program *os.File) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); shows(t, program); {
		if time.Now().After(deadline) {
			t.Fatal("the terminal still shows what is typed")
		}
	}
}

func TestNewPassword_IsAskedForTwiceAndNotShown(t *testing.T) {
	for name, c := range map[string]struct{ first, second, says string }{
		"the same": {"correct horse", "correct horse", ""},
		"two":      {"correct horse", "battery staple", "the two passwords differ"},
		"empty":    {"", "", "the password is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			person, program := terminal(t)
			var errs bytes.Buffer
			type answer struct {
				password string
				err      error
			}
			answered := make(chan answer)
			go func() {
				password, err := (&app{in: program, errs: &errs}).newPassword(t.Context(), "")
				answered <- answer{password, err}
			}()
			hidden(t, program)
			fmt.Fprintf(person, "%s\n%s\n", c.first, c.second)
			got := <-answered
			if c.says == "" && (got.err != nil || got.password != c.first) || c.says != "" && (got.err == nil || !strings.Contains(got.err.Error(), c.says)) {
				t.Errorf("%+v", got)
			}
			if want := "Password for the new key: \nThe same again: \n"; errs.String() != want {
				t.Errorf("it asked %q", errs.String())
			}
		})
	}
}

func TestPassword_LeavesTheTerminalAsItWasWhenInterrupted(t *testing.T) {
	_, program := terminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := (&app{in: program, errs: &bytes.Buffer{}}).password(ctx, "")
		failed <- err
	}()
	hidden(t, program)
	interrupt()
	if err := <-failed; !errors.Is(err, context.Canceled) || !shows(t, program) {
		t.Errorf("%v, and the terminal shows what is typed: %v", err, shows(t, program))
	}
}
