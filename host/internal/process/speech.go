//go:build linux

package process

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/lessee-run/lessee/abi"
)

// speech is all that a process writes to its standard streams: the line of the
// handshake, and log.
type speech struct {
	log       *zap.Logger
	tail      tail
	handshake *io.PipeWriter // takes one line

	heard sync.WaitGroup // of both streams
	shook atomic.Bool    // the handshake was seen

	mu       sync.Mutex
	listener *attempt // the one that runs; nil: none
}

// isHandshake tells the line that a go-plugin prints: core version, application
// version, network, address, protocol, certificate.
func isHandshake(text string) bool {
	fields := strings.Split(text, "|")
	_, core := strconv.Atoi(fields[0])
	return len(fields) >= 5 && core == nil && (fields[2] == "unix" || fields[2] == "tcp")
}

// hearOut reads stdout. What is not the handshake is log, before it and after.
func (s *speech) hearOut(r io.Reader) {
	readLines(r, func(text string, dropped int64) {
		if !s.shook.Load() && isHandshake(text) {
			s.shook.Store(true)
			io.WriteString(s.handshake, text+"\n") //nolint:errcheck // nobody waits any more
			return
		}
		s.say(text, dropped)
	})
	s.handshake.Close() //nolint:errcheck // never fails
}

func (s *speech) hearErr(r io.Reader) { readLines(r, s.say) }

// Write takes what go-plugin's server collects of a plugin's os.Stdout and
// os.Stderr. It comes in pieces, so a line may be cut.
func (s *speech) Write(p []byte) (int, error) {
	s.say(clean(string(p[:min(len(p), lineBytes)])), int64(len(p)-min(len(p), lineBytes)))
	return len(p), nil
}

// say gives a line to the attempt that runs, or else to the host's log.
func (s *speech) say(text string, dropped int64) {
	l := parse(text)
	if dropped > 0 {
		l.text += fmt.Sprintf(" … (%d more bytes of this line were dropped)", dropped)
	}
	s.tail.add(l.text)
	if s.told(l) {
		return
	}
	if entry := s.log.Check(zapLevel(l.level), "plugin"); entry != nil {
		entry.Write(zap.String("line", l.text))
	}
}

// told gives a line to the attempt that runs, if there is one.
func (s *speech) told(l line) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return false
	}
	s.listener.overheard(l)
	return true
}

// listen makes an attempt the one that hears.
func (s *speech) listen(a *attempt) {
	s.mu.Lock()
	s.listener = a
	s.mu.Unlock()
}

// leave returns when the attempt hears nothing more.
func (s *speech) leave() { s.listen(nil) }

func zapLevel(level abi.Level) zapcore.Level {
	return [...]zapcore.Level{zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel}[level]
}
