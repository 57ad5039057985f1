package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// A host in a process of its own is told of its work by one line of JSON on its
// standard input, an order. It answers "ready", begins at the next line, prints
// how many jobs it has done so far whenever there are more, and ends with its input.
type order struct {
	DSN     string   `json:"dsn"`
	Config  Config   `json:"config"`
	Classes []string `json:"classes"`
	Number  int      `json:"number"` // of this host
}

const ready = "ready"

// told is how often a host tells, and how often one looks at what it told. More
// often would take the hosts' time.
const told = 20 * time.Millisecond

// processes are the hosts of a measurement.
type processes struct {
	hosts []*process
}

type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer
	done   atomic.Int64
	ready  chan struct{}
	ended  chan struct{} // it says nothing more
}

// startProcesses starts cfg.Hosts processes and waits until they are ready.
func (s *site) startProcesses(ctx context.Context) (*processes, error) {
	p := &processes{}
	for n := range s.cfg.Hosts {
		host, err := s.startProcess(ctx, n)
		if err != nil {
			p.stop()
			return nil, err
		}
		p.hosts = append(p.hosts, host)
	}
	for _, host := range p.hosts {
		select {
		case <-host.ready:
		case <-host.ended:
			p.stop()
			return nil, fmt.Errorf("a host ended before it was ready: %s", &host.stderr)
		}
	}
	return p, nil
}

func (s *site) startProcess(ctx context.Context, n int) (*process, error) {
	if len(s.cfg.Host) == 0 {
		return nil, fmt.Errorf("the command of a host is not configured")
	}
	h := &process{cmd: exec.CommandContext(ctx, s.cfg.Host[0], s.cfg.Host[1:]...), ready: make(chan struct{}), ended: make(chan struct{})}
	h.cmd.Stderr = &h.stderr
	cfg := s.cfg
	cfg.Hosts = 1
	line, err := json.Marshal(order{DSN: s.cfg.DSN, Config: cfg, Classes: s.classes, Number: n})
	if err != nil {
		return nil, err
	}
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a host: %w", err)
	}
	go h.listen(stdout)
	h.say(string(line))
	return h, nil
}

// say writes a line to the host. One that is gone is found when it ends.
func (h *process) say(line string) { fmt.Fprintln(h.stdin, line) }

func (h *process) listen(stdout io.Reader) {
	defer close(h.ended)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if lines.Text() == ready {
			close(h.ready)
		} else if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			h.done.Store(n)
		}
	}
}

func (p *processes) begin() {
	for _, host := range p.hosts {
		host.say("begin")
	}
}

// await waits until the hosts together have done so many jobs, and returns how
// many they have.
func (p *processes) await(ctx context.Context, jobs int64) (sum int64, err error) {
	tick := time.NewTicker(told)
	defer tick.Stop()
	last, moved := int64(0), time.Now()
	for {
		sum = 0
		for n, host := range p.hosts {
			sum += host.done.Load()
			select {
			case <-host.ended:
				return sum, fmt.Errorf("host %d ended: %s", n, &host.stderr)
			default:
			}
		}
		if sum >= jobs {
			return sum, nil
		}
		if sum > last {
			last, moved = sum, time.Now()
		} else if time.Since(moved) > stalled {
			return sum, fmt.Errorf("no job ended for %s, after %d", stalled, sum)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return sum, ctx.Err()
		}
	}
}

func (p *processes) stop() {
	for _, host := range p.hosts {
		host.stdin.Close()
	}
	for _, host := range p.hosts {
		<-host.ended
		host.cmd.Wait() //nolint:errcheck // what it did was counted and verified
	}
}

// ServeHost is a host in a process of its own; see order. It returns when in ends.
func ServeHost(ctx context.Context, in io.Reader, out io.Writer, log *zap.Logger) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var o order
	if !lines.Scan() {
		return fmt.Errorf("no order came on the standard input: lessee bench hosts starts this command")
	}
	if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	o.Config.DSN = o.DSN
	s := &site{cfg: o.Config, classes: o.Classes, first: o.Number}
	fmt.Fprintln(out, ready)
	if !lines.Scan() {
		return nil
	}
	var done atomic.Int64
	stop, err := s.start(ctx, func(int64, time.Time) { done.Add(1) }, log)
	if err != nil {
		return err
	}
	defer stop()
	telling, quiet := context.WithCancel(ctx)
	var teller sync.WaitGroup
	teller.Go(func() { tell(telling, out, &done) })
	for lines.Scan() { // until it ends
	}
	quiet()
	teller.Wait()
	return nil
}

// tell prints how many are done, whenever there are more.
func tell(ctx context.Context, out io.Writer, done *atomic.Int64) {
	tick := time.NewTicker(told)
	defer tick.Stop()
	for last := int64(0); ctx.Err() == nil; {
		if n := done.Load(); n > last {
			last = n
			fmt.Fprintln(out, n)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
