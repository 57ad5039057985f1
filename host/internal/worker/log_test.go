package worker

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/lessee-run/lessee/abi"
)

func TestAttemptLog_KeepsTheEndAndNoMore(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"nothing":                  {nil, ""},
		"a few lines":              {[]string{"a", "b"}, "a\nb"},
		"one line that fills":      {[]string{strings.Repeat("x", tailBytes)}, strings.Repeat("x", tailBytes)},
		"one that is longer":       {[]string{strings.Repeat("x", tailBytes) + "end"}, strings.Repeat("x", tailBytes-3) + "end"},
		"a long one, then another": {[]string{strings.Repeat("x", 2*tailBytes), "last"}, "last"},
		"two that fit together":    {[]string{strings.Repeat("x", tailBytes/2), strings.Repeat("y", tailBytes/2-2)}, strings.Repeat("x", tailBytes/2) + "\n" + strings.Repeat("y", tailBytes/2-2)},
	} {
		t.Run(name, func(t *testing.T) {
			l := &attemptLog{open: zap.NewNop}
			for _, line := range c.lines {
				l.Log(abi.LevelInfo, line)
			}
			if got := l.tail(); got != c.want {
				t.Errorf("%d bytes: %.40q… not %.40q…", len(got), got, c.want)
			}
		})
	}
}

func TestAttemptLog_IsBoundedWhateverIsSaid(t *testing.T) {
	l := &attemptLog{open: zap.NewNop}
	for i := range 20_000 {
		l.Log(abi.LevelInfo, strings.Repeat("x", i%37))
		if i%1000 == 0 && (len(l.tail()) > tailBytes || len(l.lines) > tailBytes) {
			t.Fatalf("line %d: %d bytes in %d lines", i, len(l.tail()), len(l.lines))
		}
	}
	for range 20_000 {
		l.Log(abi.LevelInfo, "")
	}
	if len(l.tail()) > tailBytes || cap(l.lines) > 4*tailBytes {
		t.Errorf("%d bytes, room for %d lines", len(l.tail()), cap(l.lines))
	}
}

func TestAttemptLog_PassesLinesOnWithTheirLevel(t *testing.T) {
	core, said := observer.New(zapcore.DebugLevel)
	l := &attemptLog{open: func() *zap.Logger { return zap.New(core) }}
	for _, level := range []abi.Level{abi.LevelDebug, abi.LevelInfo, abi.LevelWarn, abi.LevelError, 99} {
		l.Log(level, fmt.Sprint(level))
	}
	l.Progress(500, "half")
	want := []zapcore.Level{zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel, zapcore.InfoLevel, zapcore.DebugLevel}
	for i, entry := range said.All() {
		if entry.Level != want[i] {
			t.Errorf("%q came as %s", entry.Message, entry.Level)
		}
	}
	if said.Len() != len(want) {
		t.Errorf("%d lines", said.Len())
	}
}

func TestAttemptLog_CanBeReadWhileItIsWritten(*testing.T) {
	l := &attemptLog{open: zap.NewNop}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 500 {
				l.Log(abi.LevelInfo, "line")
				l.tail()
			}
		})
	}
	all.Wait()
}

func TestAttemptLog_KeepsProgressThatPostgresCanStore(t *testing.T) {
	l := &attemptLog{open: zap.NewNop}
	if l.progress() != nil {
		t.Error("it tells of progress that nobody made")
	}
	l.Progress(2000, "a\x00b\xff\n"+strings.Repeat("é", 2*noteRunes))
	p := l.progress()
	if p.Permille != 1000 || !strings.HasPrefix(p.Note, "a b\uFFFD é") || len([]rune(p.Note)) != noteRunes {
		t.Errorf("%d, %d runes: %q", p.Permille, len([]rune(p.Note)), p.Note)
	}
}
