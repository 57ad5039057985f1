package devpg

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	maxServerLog = 8 << 20 // a larger log is put aside when a server starts
	tailLines    = 12
	tailBytes    = 8 << 10
)

// serverLog is the file that Postgres writes its log to, and where this server's part begins.
type serverLog struct {
	file  *os.File
	start int64
}

// openServerLog opens the log for a server that is about to start. One older log is kept, so that
// the two are bounded over any number of starts.
func openServerLog(path string) (serverLog, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxServerLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return serverLog{}, fmt.Errorf("put the large log aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return serverLog{}, fmt.Errorf("open the server's log: %w", err)
	}
	start, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		file.Close()
		return serverLog{}, fmt.Errorf("find the end of the server's log: %w", err)
	}
	return serverLog{file, start}, nil
}

// explain adds to an error the last lines that this server wrote.
func (l serverLog) explain(err error) error {
	text, readErr := io.ReadAll(io.NewSectionReader(l.file, l.start, 1<<40))
	if tail := lastLines(text); readErr == nil && tail != "" {
		return fmt.Errorf("%w; the end of %s:\n%s", err, l.file.Name(), tail)
	}
	return err
}

func lastLines(text []byte) string {
	text = text[max(0, len(text)-tailBytes):]
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
