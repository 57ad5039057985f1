package postgres

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Kind tells callers what to do about an Error, without its text.
type Kind int

// Kinds of errors.
const (
	KindOther       Kind = iota
	KindUnreachable      // no server answered; it may later
	KindNotMigrated      // the schema is missing or of another version
	KindDenied           // the login lacks a role
	KindNotFound         // no such class, job or module
	KindInvalid          // the caller's input is refused
	KindConflict         // it contradicts what is there
)

// Error is a failure in words for the person who caused it.
type Error struct {
	Kind    Kind
	Message string
	Hint    string // what to do about it; may be empty
	cause   error
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "\n  " + e.Hint
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.cause }

// KindOf is the kind of err, KindOther when it is none of ours.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindOther
}

// translate turns an error of the driver into an *Error; nil stays nil.
func translate(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg):
		return translateServer(pg)
	case errors.Is(err, context.Canceled):
		return err
	case isConnection(err):
		return &Error{Kind: KindUnreachable, Message: "Postgres does not answer: " + oneLine(err), cause: err,
			Hint: "Check that it runs and that the DSN (--dsn, LESSEE_DSN) names it."}
	}
	return err
}

func translateServer(pg *pgconn.PgError) error {
	e := &Error{Message: pg.Message, Hint: pg.Hint, cause: pg}
	switch code := pg.Code; {
	case code == "LS404":
		e.Kind = KindNotFound
	case code == "LS409" || code == "23505":
		e.Kind = KindConflict
	case code == "LS413" || code == "LS422" || code == "23514" || code == "23503" || strings.HasPrefix(code, "22"):
		e.Kind = KindInvalid
	case isMissing(code):
		return outdated(pg.Message)
	case code == "42501":
		e.Kind = KindDenied
		e.Hint = "Grant the login the role it needs: lessee_host, lessee_operator, lessee_producer or lessee_reader."
	case code == "08P01" && strings.Contains(pg.Message, "unsupported startup parameter"):
		e.Kind, e.Hint = KindInvalid, "PgBouncer takes no such parameter: take it out of the DSN, or name it in PgBouncer's ignore_startup_parameters."
	case isStatement(code):
		e.Hint = "Something between here and Postgres shares its sessions: set pooling to auto or transaction."
	case strings.HasPrefix(code, "28") || code == "3D000":
		e.Kind, e.Hint = KindDenied, "Check user, password and database name in the DSN (--dsn, LESSEE_DSN)."
	case strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || code == "53300":
		e.Kind = KindUnreachable
	}
	return e
}

// isConnection reports whether the connection failed, rather than the statement.
func isConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "unexpected EOF") ||
		strings.Contains(err.Error(), "conn closed")
}

// isMissing reports whether something of the schema is not there (yet).
func isMissing(code string) bool {
	switch code {
	case "3F000", "42P01", "42883", "42703", "42704":
		return true
	}
	return false
}

// isStatement reports whether a prepared statement is not there, or already is:
// the session is not the one it was.
func isStatement(code string) bool { return code == "26000" || code == "42P05" }

// isData reports whether the server refused the statement because of the data
// in it: sending the same again can only fail the same. A schema that is not
// there, and a right that is not granted, are nothing of the data's.
func isData(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || isMissing(pg.Code) || isStatement(pg.Code) || pg.Code == "42501" {
		return false
	}
	for _, class := range []string{"22", "23", "54", "42", "P0", "LS"} {
		if strings.HasPrefix(pg.Code, class) {
			return true
		}
	}
	return false
}

// isCancelled reports whether the server cancelled the statement: for its
// statement_timeout, or because somebody said so.
func isCancelled(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
