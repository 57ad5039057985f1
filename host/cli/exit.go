package cli

import (
	"errors"
	"fmt"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

// Exit codes, for scripts. `lessee help exit-codes` prints exitHelp.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNotFound    = 3
	ExitRefused     = 4
	ExitUnreachable = 5
	ExitTimeout     = 6
	ExitNotDone     = 7
)

const exitHelp = `Exit codes of lessee, the same for every command:

  0  done
  1  failed: something that no other code names; the message says what
  2  usage: the command line is wrong
  3  not found: no such class, module, key, job or dead letter
  4  refused: the input is invalid, or contradicts what is there
  5  no database: it does not answer, refuses the login, or is not migrated
     to this version of lessee
  6  the time given by --timeout is over: job wait, and what has --wait
  7  job wait, plugin run, plugin test, plugin check: it ended, but not with
     success

A command that takes several ids goes through all of them and ends with the
code of the first failure.
`

// exitCode ends the program when everything has been said already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// usageError is a command line that was not understood.
type usageError struct {
	error
	command string
}

func (e usageError) Unwrap() error { return e.error }

func (e usageError) Error() string {
	return fmt.Sprintf("%v\n  See: %s --help", e.error, e.command)
}

// codedError is an error with its exit code.
type codedError struct {
	error
	code int
}

func (e codedError) Unwrap() error { return e.error }

// refused is input that can't be accepted: what, why, what to do.
func refused(format string, args ...any) error {
	return codedError{fmt.Errorf(format, args...), ExitRefused}
}

// misused is a command line that parses and makes no sense.
func misused(format string, args ...any) error {
	return codedError{fmt.Errorf(format, args...), ExitUsage}
}

func codeOf(err error) int {
	var usage usageError
	var coded codedError
	switch {
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &coded):
		return coded.code
	}
	switch postgres.KindOf(err) {
	case postgres.KindNotFound:
		return ExitNotFound
	case postgres.KindInvalid, postgres.KindConflict:
		return ExitRefused
	case postgres.KindUnreachable, postgres.KindNotMigrated, postgres.KindDenied:
		return ExitUnreachable
	}
	return ExitFailure
}
