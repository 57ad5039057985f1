package wasm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// peer is the program in benchpeer: Extism's go-sdk with a plugin that does the
// Go guest's work. It is a process of its own, because its modules are not
// ours, and takes its turns when it is told to.
type peer struct {
	in    io.Writer
	out   *bufio.Scanner
	hello struct {
		Versions string
		Lanes    []string
		Answer   json.RawMessage // of the plugin to orderPayload
	}
}

func startPeer(b *testing.B) *peer {
	dir := b.TempDir()
	program, plugin := filepath.Join(dir, "peer"), filepath.Join(dir, "plugin.wasm")
	goIn(b, "benchpeer", nil, "build", "-o", program, ".")
	goIn(b, "benchpeer", []string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", plugin, "./plugin")
	cmd := exec.Command(program, plugin, orderPayload)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	noError(b, err)
	out, err := cmd.StdoutPipe()
	noError(b, err)
	noError(b, cmd.Start())
	p := &peer{in: in, out: bufio.NewScanner(out)}
	b.Cleanup(func() {
		_ = in.Close() // that ends it
		noError(b, cmd.Wait())
	})
	noError(b, p.hear(&p.hello))
	p.compare(b)
	return p
}

func goIn(b *testing.B, dir string, env []string, args ...string) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build the peer, whose modules come from the network once: go %v in %s: %v\n%s", args, dir, err, said)
	}
}

// compare fails when the peer's plugin does other work than the Go guest.
func (p *peer) compare(b *testing.B) {
	var want, got any
	noError(b, json.Unmarshal([]byte(`{"text":"Lovelace & Daughters, 12 St James's Square, London owes for 3 lines",`+
		`"total":17670,"skus":["engine-difference-2","card-punched-blank","oil-whale-quart"]}`), &want))
	noError(b, json.Unmarshal(p.hello.Answer, &got))
	if !reflect.DeepEqual(want, got) {
		b.Fatalf("the peer's plugin answered %s", p.hello.Answer)
	}
}

// hear reads the peer's next line.
func (p *peer) hear(into any) error {
	if !p.out.Scan() {
		return fmt.Errorf("the peer fell silent: %w", p.out.Err())
	}
	return json.Unmarshal(p.out.Bytes(), into)
}

func (p *peer) lanes(b *testing.B) (lanes []*lane) {
	if len(p.hello.Lanes) == 0 {
		b.Fatal("the peer has no lanes")
	}
	for n, name := range p.hello.Lanes {
		l := &lane{guest: goGuest, name: name}
		l.turn = func() error {
			if _, err := fmt.Fprintln(p.in, n, unclocked, perTurn); err != nil {
				return err
			}
			var took []time.Duration
			err := p.hear(&took)
			l.took = append(l.took, took...)
			return err
		}
		lanes = append(lanes, l)
	}
	return lanes
}
