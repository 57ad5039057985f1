//go:build linux

package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/lessee-run/lessee/abi"
)

// line is one of a plugin's log.
type line struct {
	level abi.Level
	text  string
}

// readLines calls take with every line of r, without its end. Of a line longer
// than lineBytes the rest is dropped, and counted in dropped.
func readLines(r io.Reader, take func(text string, dropped int64)) {
	b := bufio.NewReaderSize(r, lineBytes)
	for {
		text, err := b.ReadSlice('\n')
		kept := strings.TrimRight(string(text), "\r\n")
		var dropped int64
		for errors.Is(err, bufio.ErrBufferFull) {
			text, err = b.ReadSlice('\n')
			dropped += int64(len(strings.TrimRight(string(text), "\n")))
		}
		if kept != "" || err == nil {
			take(clean(kept), dropped)
		}
		if err != nil {
			return
		}
	}
}

// clean makes text what Postgres takes.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// parse reads a line as hclog writes it, which keeps level and fields. Any
// other line is info, but for the words with which Go programs die.
func parse(text string) line {
	if strings.HasPrefix(text, "{") {
		var fields map[string]any
		if json.Unmarshal([]byte(text), &fields) == nil && fields["@message"] != nil {
			return line{levelOf(fields["@level"]), format(fields)}
		}
	}
	if isDeath(text) {
		return line{abi.LevelError, text}
	}
	return line{abi.LevelInfo, text}
}

func isDeath(text string) bool {
	return strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
}

func levelOf(name any) abi.Level {
	switch name {
	case "trace", "debug":
		return abi.LevelDebug
	case "warn":
		return abi.LevelWarn
	case "error":
		return abi.LevelError
	}
	return abi.LevelInfo
}

// format is the message and then the fields, sorted.
func format(fields map[string]any) string {
	var pairs []string
	for key, value := range fields {
		if !strings.HasPrefix(key, "@") {
			pairs = append(pairs, fmt.Sprintf("%s=%v", key, value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(append([]string{fmt.Sprint(fields["@message"])}, pairs...), " ")
}

// tail keeps the last lines.
type tail struct {
	mu    sync.Mutex
	lines []string
	death string // the line with which a Go program says what killed it
}

func (t *tail) add(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.death == "" && isDeath(text) {
		t.death = text[:min(len(text), tailBytes)]
	}
	t.lines = append(t.lines, text[:min(len(text), tailBytes)])
	t.lines = t.lines[max(0, len(t.lines)-tailLines):]
}

// String is what fits into a reason. After a Go program's death come the stacks
// of all its goroutines, which say less.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.death != "" {
		return strings.ToValidUTF8(t.death, "")
	}
	text := strings.Join(t.lines, "\n")
	return strings.ToValidUTF8(text[max(0, len(text)-tailBytes):], "")
}
