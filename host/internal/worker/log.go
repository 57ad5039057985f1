package worker

import (
	"strings"
	"sync"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// tailBytes is how much of a failed attempt's log is kept with it.
const tailBytes = 4 << 10

// attemptLog takes what an executor says: to the host's log, and its end to the
// attempt's record. It is an abi.Sink.
type attemptLog struct {
	open   func() *zap.Logger
	once   sync.Once
	opened *zap.Logger // when something was said

	mu    sync.Mutex
	lines []string
	size  int
	last  *job.Progress
}

var levels = map[abi.Level]zapcore.Level{
	abi.LevelDebug: zapcore.DebugLevel, abi.LevelInfo: zapcore.InfoLevel, abi.LevelWarn: zapcore.WarnLevel, abi.LevelError: zapcore.ErrorLevel,
}

// logger is the host's log.
func (l *attemptLog) logger() *zap.Logger {
	l.once.Do(func() { l.opened = l.open() })
	return l.opened
}

func (l *attemptLog) Log(level abi.Level, line string) {
	l.logger().Log(levels[level], line, zap.String("from", "executor"))
	if len(line) > tailBytes {
		line = line[len(line)-tailBytes:]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	l.size += len(line) + 1
	for l.size > tailBytes && len(l.lines) > 1 {
		l.size -= len(l.lines[0]) + 1
		l.lines = l.lines[1:]
	}
}

// Progress keeps the last word for the heartbeat.
func (l *attemptLog) Progress(permille int, note string) {
	p := &job.Progress{Permille: min(max(permille, 0), 1000), Note: plain(note)}
	l.logger().Debug("progress", zap.Int("permille", p.Permille), zap.String("note", p.Note))
	l.mu.Lock()
	l.last = p
	l.mu.Unlock()
}

func (l *attemptLog) progress() *job.Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// noteRunes is how much of a note travels with every heartbeat.
const noteRunes = 200

// plain makes one short line of a guest's words. What Postgres can't store would
// cost the whole heartbeat, and so the lease.
func plain(note string) string {
	runes := []rune(strings.ToValidUTF8(note, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, string(runes[:min(len(runes), noteRunes)]))
}

func (l *attemptLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
