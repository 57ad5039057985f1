package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func passwordFlag(c *cobra.Command) *string {
	return c.Flags().String("password-file", "", "file whose first line is the password (default: it is asked for)")
}

// password is that of a secret key that is there.
func (a *app) password(ctx context.Context, file string) (string, error) {
	if file != "" {
		return passwordFrom(file)
	}
	return a.ask(ctx, "Password of the key: ")
}

// newPassword is one that nobody knows yet, so it is asked for twice.
func (a *app) newPassword(ctx context.Context, file string) (string, error) {
	if file != "" {
		return passwordFrom(file)
	}
	first, err := a.ask(ctx, "Password for the new key: ")
	if err != nil {
		return "", err
	}
	second, err := a.ask(ctx, "The same again: ")
	switch {
	case err != nil:
		return "", err
	case first != second:
		return "", refused("the two passwords differ")
	case first == "":
		return "", refused("the password is empty: type one, or give --no-password")
	}
	return first, nil
}

func passwordFrom(file string) (string, error) {
	text, err := readSmall(file)
	if err != nil {
		return "", refused("read the password: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", refused("the first line of %s is empty: it must be the password", file)
	}
	return line, nil
}

// ask reads a line from the terminal without showing it.
func (a *app) ask(ctx context.Context, prompt string) (string, error) {
	if !isTerminal(a.in) {
		return "", misused("the key needs a password, and there is no terminal to ask for it: give --password-file")
	}
	terminal := int(a.in.(*os.File).Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	fmt.Fprint(a.errs, prompt)
	defer fmt.Fprintln(a.errs)
	type answer struct {
		line []byte
		err  error
	}
	answered := make(chan answer, 1) // nobody may be left to take it
	go func() {
		line, err := term.ReadPassword(terminal)
		answered <- answer{line, err}
	}()
	select {
	case got := <-answered:
		if got.err != nil {
			return "", fmt.Errorf("read the password: %w", got.err)
		}
		return string(got.line), nil
	case <-ctx.Done(): // the reader stays where it is; the terminal shows again what is typed
		_ = term.Restore(terminal, before)
		return "", ctx.Err()
	}
}

// maxSmall is more than any key, password or signature takes.
const maxSmall = 64 << 10

// readSmall reads a file that has no business being big.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSmall+1))
	if err == nil && len(data) > maxSmall {
		err = fmt.Errorf("%s is over %d bytes", path, maxSmall)
	}
	return data, err
}
