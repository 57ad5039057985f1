package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxInput is the most that any class can take as a payload (limits.input_bytes).
const maxInput = 64 << 20

// jsonArgument reads a flag's JSON: as it stands, from @file, or from stdin (-).
func (a *app) jsonArgument(flag, value string) (json.RawMessage, error) {
	data, err := a.argument(value)
	if err != nil {
		return nil, refused("%s: %w", flag, err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, refused("%s is not JSON: %w\n  Quote strings as \"…\", or read a file with @file.", flag, describe(data, err))
	}
	return data, nil
}

func (a *app) argument(value string) ([]byte, error) {
	if value == "-" {
		return readAll(a.in)
	}
	path, isFile := strings.CutPrefix(value, "@")
	if !isFile {
		return []byte(value), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file)
}

// readAll stops where nobody could take what comes.
func readAll(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err == nil && len(data) > maxInput {
		err = fmt.Errorf("it is over %d bytes (64 MiB), the most that any class takes\n  Store the data elsewhere and send a reference to it", maxInput)
	}
	return data, err
}

// describe adds the line and column to a syntax error of encoding/json.
func describe(data []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	before := data[:min(int(syntax.Offset), len(data))]
	return fmt.Errorf("line %d, column %d: %w", 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n')-1, err)
}

// jobIDs reads the ids that a command line names.
func jobIDs(args []string) ([]int64, error) {
	ids := make([]int64, len(args))
	for i, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id < 1 {
			return nil, misused("%q is no job id: it must be a positive number", arg)
		}
		ids[i] = id
	}
	return ids, nil
}
