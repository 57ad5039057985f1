package sdk

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"

	"github.com/lessee-run/lessee/abi"
)

// Main serves the command contract and ends the program: one envelope on
// stdin, one result on stdout, log and progress on stderr. So any plugin can be
// tried in a shell pipe:
//
//	echo '{"abi":1,"payload":{"name":"you"}}' | go run .
//
// Built natively, `go run . -manifest` prints the manifest instead.
//
// While the handler runs, os.Stdout is stderr, so that a stray print of its
// cannot spoil the result.
func (p *Plugin) Main() {
	stdout := os.Stdout
	os.Stdout = os.Stderr
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := p.answer(ctx, os.Args[min(1, len(os.Args)):], stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// answer is the manifest when that is all the program is asked for, else a result.
func (p *Plugin) answer(ctx context.Context, args []string, out io.Writer) error {
	if runtime.GOOS != "wasip1" && slices.Equal(args, []string{"-manifest"}) { // a constant: no module holds what follows
		return p.writeManifest(out)
	}
	return p.serve(ctx, os.Stdin, out, os.Stderr)
}

func (p *Plugin) serve(ctx context.Context, in io.Reader, out, log io.Writer) error {
	envelope, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the envelope from stdin: %w", err)
	}
	result := p.Execute(ctx, commandHost{ctx, log}, envelope)
	if _, err := out.Write(append(result, '\n')); err != nil {
		return fmt.Errorf("write the result to stdout: %w", err)
	}
	return nil
}

// commandHost is the host of the command contract.
type commandHost struct {
	ctx context.Context
	log io.Writer
}

func (h commandHost) Log(level abi.Level, line string) {
	fmt.Fprintln(h.log, [...]string{"DEBUG", "INFO", "WARN", "ERROR"}[level], line)
}

func (h commandHost) Progress(permille int, note string) {
	fmt.Fprintf(h.log, "PROGRESS %d/1000 %s\n", permille, note)
}

func (h commandHost) Cancelled() bool { return h.ctx.Err() != nil }

func (h commandHost) HTTP([]byte) []byte {
	return abi.DenyHTTP("a program of the command contract has no HTTP: build it as a core module (-buildmode=c-shared)")
}
