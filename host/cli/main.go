package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/lessee-run/lessee/host"
)

// Main runs lessee with args (without the program's name) and returns its exit
// code. shipped holds what `lessee up` installs: README.md, docs, plugins/dot,
// plugins/render; and what `lessee plugin new` writes: abi, sdk.
func Main(args []string, shipped fs.FS, in io.Reader, out, errs io.Writer) int {
	host.LaunchIfAsked()
	ctx, again, stop := interruptible(context.Background())
	defer stop()
	a := &app{shipped: shipped, in: in, out: out, errs: errs, environ: os.Environ, again: again}
	return a.main(ctx, args)
}

// app is one run of the program: its streams, and the flags of every command.
type app struct {
	shipped   fs.FS
	in        io.Reader
	out, errs io.Writer
	environ   func() []string
	again     <-chan struct{} // closed by the second signal
	started   bool            // the command line was understood
	dsn       string          // --dsn
	dataDir   string          // --data-dir
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errs)
	command, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		err = usageError{err, command.CommandPath()}
	}
	return a.report(err)
}

// report tells a failure on stderr, and turns it into the exit code.
func (a *app) report(err error) int {
	var silent exitCode
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &silent):
		return int(silent)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(a.errs, "lessee: interrupted")
	default:
		fmt.Fprintln(a.errs, "lessee:", err)
	}
	return codeOf(err)
}

// interruptible returns a context that the first SIGINT or SIGTERM ends, and a
// channel that the second closes. A third kills the process, as without us.
func interruptible(parent context.Context) (ctx context.Context, again <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals, second, done := make(chan os.Signal, 2), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			signal.Stop(signals)
			close(second)
		case <-done:
		}
	}()
	return ctx, second, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// progress says what takes a while, to a person who waits at a terminal.
func (a *app) progress(format string, args ...any) {
	if isTerminal(a.errs) {
		fmt.Fprintf(a.errs, format+"\n", args...)
	}
}

// warn says what the exit code does not tell.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.errs, "lessee: "+format+"\n", args...)
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// env is a variable of the environment.
func (a *app) env(name string) string {
	for _, variable := range a.environ() {
		if len(variable) > len(name) && variable[len(name)] == '=' && variable[:len(name)] == name {
			return variable[len(name)+1:]
		}
	}
	return ""
}
