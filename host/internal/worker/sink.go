package worker

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/lessee-run/lessee/abi"
)

// attemptSink is all that an executor may ask of its host while it runs.
// Nothing that holds the value of a credential passes it.
type attemptSink struct {
	attemptLog
	network  Network
	requests Requests // nil: the executor was never called
}

// Log keeps a line, unless it holds the value of a credential.
func (s *attemptSink) Log(level abi.Level, line string) {
	if err := s.network.Scan([]byte(line)); err != nil {
		line = "(a line is left out: it holds the value of a credential)"
	}
	s.attemptLog.Log(level, line)
}

// Progress keeps a report; one that holds the value of a credential keeps its number.
func (s *attemptSink) Progress(permille int, note string) {
	if err := s.network.Scan([]byte(note)); err != nil {
		note = ""
	}
	s.attemptLog.Progress(permille, note)
}

// HTTP sends a request of the guest; see [Requests].
func (s *attemptSink) HTTP(ctx context.Context, document []byte) ([]byte, error) {
	return s.requests.HTTP(ctx, document)
}

// scan reports whether a result holds the value of a credential. The error
// quotes nothing of it.
func (s *attemptSink) scan(result abi.Result) error {
	err := s.network.Scan(result.Output)
	if len(result.Events)+len(result.Enqueue)+len(result.Commands) > 0 || result.Error != nil {
		effects, encodeErr := json.Marshal([]any{result.Error, result.Events, result.Enqueue, result.Commands})
		err = errors.Join(err, encodeErr, s.network.Scan(effects))
	}
	if found := (*abi.Error)(nil); errors.As(err, &found) {
		return found
	}
	return err
}

// redact returns the error that an attempt ended with, or one without its words
// if they hold the value of a credential.
func (s *attemptSink) redact(err error) error {
	told := (*abi.Error)(nil)
	if !errors.As(err, &told) {
		return err
	}
	if found := s.network.Scan(append([]byte(told.Message), told.Detail...)); found != nil {
		return abi.Errorf(told.Code, "the message is left out: it holds the value of a credential")
	}
	return err
}

func (s *attemptSink) used(usage *abi.Usage) json.RawMessage {
	if s.requests == nil {
		return nil
	}
	return s.requests.Used(usage)
}
