package worker

import (
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/lessee-run/lessee/abi"
)

// tailBytes is how much of a failed attempt's log is kept with it.
const tailBytes = 4 << 10

// attemptLog takes what an executor says: to the host's log, and its end to the
// attempt's record. It is an abi.Sink.
type attemptLog struct {
	log   *zap.Logger
	mu    sync.Mutex
	lines []string
	size  int
}

var levels = map[abi.Level]zapcore.Level{
	abi.LevelDebug: zapcore.DebugLevel, abi.LevelInfo: zapcore.InfoLevel, abi.LevelWarn: zapcore.WarnLevel, abi.LevelError: zapcore.ErrorLevel,
}

func (l *attemptLog) Log(level abi.Level, line string) {
	l.log.Log(levels[level], line, zap.String("from", "executor"))
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

func (l *attemptLog) Progress(permille int, note string) {
	l.log.Debug("progress", zap.Int("permille", permille), zap.String("note", note))
}

func (l *attemptLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
