package wasm

import (
	"bytes"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
)

const (
	maxLine          = 8 << 10 // bytes after which a line on a standard stream is cut
	tailBytes        = 4 << 10 // of stderr, kept for the error of a guest that exits
	progressInterval = 100 * time.Millisecond
)

// logger passes log lines on until the limit is reached.
type logger struct {
	attempt *attempt
	sink    abi.Sink
	bytes   int64
}

// charge ends the attempt when n more bytes are too many. It comes before the
// bytes are copied.
func (l *logger) charge(n int64) {
	limit := l.attempt.limits.LogBytes
	if l.bytes+n > limit {
		l.attempt.stop(abi.Errorf(abi.CodeLimitLog, "the attempt logged more than its limit of %d bytes (log_bytes)", limit))
	}
	l.bytes += n
}

func (l *logger) line(level abi.Level, text string) { l.sink.Log(level, text) }

// stream makes log lines of what a guest writes to a standard stream.
type stream struct {
	log   *logger
	level abi.Level
	line  []byte // begun, not ended
	tail  []byte // the last of what was written
	death string // the line with which a Go program says what killed it
}

func (s *stream) Write(p []byte) (int, error) {
	s.log.charge(int64(len(p)))
	s.tail = append(s.tail, p...)
	s.tail = s.tail[max(0, len(s.tail)-tailBytes):]
	s.line = append(s.line, p...)
	for {
		end := bytes.IndexByte(s.line, '\n')
		switch {
		case end >= 0 && end <= maxLine:
			s.emit(s.line[:end])
			s.line = s.line[end+1:]
		case len(s.line) > maxLine:
			s.emit(s.line[:maxLine])
			s.line = s.line[maxLine:]
		default:
			return len(p), nil
		}
	}
}

func (s *stream) emit(line []byte) {
	text := clean(string(line))
	if s.death == "" && (strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")) {
		s.death = text
	}
	s.log.line(s.level, text)
}

// flush passes on a last line that was not ended.
func (s *stream) flush() {
	if len(s.line) > 0 {
		s.emit(s.line)
		s.line = nil
	}
}

// lastWords is the line that says most about a sudden end.
func (s *stream) lastWords() string {
	if s.death != "" {
		return s.death
	}
	lines := strings.Split(strings.TrimSpace(clean(string(s.tail))), "\n")
	return lines[len(lines)-1]
}

// progress passes on reports, at most one per interval and always the last.
type progress struct {
	sink     abi.Sink
	sent     time.Time
	held     bool
	permille int
	note     string
}

func (p *progress) report(permille int, note string) {
	p.permille, p.note, p.held = min(max(permille, 0), 1000), note, true
	if time.Since(p.sent) >= progressInterval {
		p.flush()
	}
}

func (p *progress) flush() {
	if p.held {
		p.sink.Progress(p.permille, p.note)
		p.sent, p.held = time.Now(), false
	}
}
