//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	gorunner "github.com/hashicorp/go-plugin/runner"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"

	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/registry"
)

// order is all that the start of a process depends on.
type order struct {
	artifact   *artifact
	process    registry.Process
	level      registry.Containment
	memory     int64 // bytes
	maxMessage int   // bytes
	log        *zap.Logger
}

// start makes a process that is healthy, or nothing at all.
func (e *Engine) start(ctx context.Context, o order) (*process, error) {
	if o.artifact.bundle != nil {
		if err := o.artifact.bundle.verify(); err != nil {
			return nil, err
		}
	}
	env, err := e.environment(o.process)
	if err != nil {
		return nil, err
	}
	p, err := e.prepare(o, env)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.process.StartTimeout())
	defer cancel()
	if err := p.connect(ctx); err != nil {
		return nil, p.failed(err)
	}
	return p, nil
}

// failed ends a process that did not start, and says all that is known of why.
func (p *process) failed(err error) error {
	select {
	case <-p.child.exited:
	case <-time.After(deathGrace):
	}
	died := !p.alive()
	p.kill()
	text := "start the plugin: " + err.Error()
	switch {
	case errors.Is(err, errLate): // it was killed for that
	case died && p.child.started() && !p.speech.shook.Load() && p.child.contained.held != nil:
		text = fmt.Sprintf("start the plugin: it ended with %s before the handshake", p.child.end())
	case died && p.child.started() && p.child.contained.held != nil:
		text = fmt.Sprintf("start the plugin: it ended with %s: %v", p.child.end(), err)
	}
	if last := p.speech.tail.String(); last != "" {
		text += "; its last words: " + last
	}
	return errors.New(text)
}

// environment is what the class grants, and nothing else.
func (e *Engine) environment(p registry.Process) ([]string, error) {
	var env []string
	for name, value := range p.Env {
		env = append(env, name+"="+value)
	}
	if len(p.Secrets) > 0 && e.config.Secret == nil {
		return nil, errors.New("no secrets can be had here")
	}
	for name, binding := range p.Secrets {
		value, err := e.config.Secret(binding)
		if err != nil {
			return nil, fmt.Errorf("the variable %s: the secret %q: %w", name, binding, err)
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// prepare makes everything that the process will have, but does not start it.
func (e *Engine) prepare(o order, env []string) (*process, error) {
	id := e.next.Add(1)
	c := &child{engine: e, exited: make(chan struct{}), dir: filepath.Join(e.slot.runs(), strconv.FormatInt(id, 36))}
	if os.Getuid() == 0 && o.level != registry.ContainmentOff {
		c.user = e.users.take()
	}
	e.group(c, o, id)
	if err := c.home(); err != nil {
		c.remove()
		return nil, fmt.Errorf("make its directory: %w", err)
	}
	read, write := io.Pipe()
	p := &process{child: c, speech: &speech{log: o.log, handshake: write}, gone: make(chan struct{})}
	p.runner = &runner{child: c, stdout: read, name: "plugin"}
	p.config = e.clientConfig(p, o, env)
	p.client = plugin.NewClient(p.config)
	return p, nil
}

// group gives the child a cgroup, where there are any.
func (e *Engine) group(c *child, o order, id int64) {
	if e.cgroups.dir == "" {
		return
	}
	limits := &cgroupLimits{memory: o.memory, pids: o.process.PIDs, cpus: o.process.CPUs}
	if o.level == registry.ContainmentOff {
		limits = nil
	}
	group, err := e.cgroups.add(fmt.Sprintf("lessee-%06x-%d", e.slot.number(), id), limits)
	if err != nil {
		c.ungrouped = err.Error()
		return
	}
	c.cgroup = group
}

func (e *Engine) clientConfig(p *process, o order, env []string) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: grpcabi.ProtocolVersion, MagicCookieKey: grpcabi.CookieKey, MagicCookieValue: grpcabi.CookieValue,
		},
		Plugins:          plugin.PluginSet{grpcabi.Name: dispenser{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		AutoMTLS:         true,
		StartTimeout:     2 * o.process.StartTimeout(), // connect has the better words
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       p.speech,
		SyncStderr:       p.speech,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: p.child.dir},
		GRPCDialOptions:  p.dialOptions(o.maxMessage),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (gorunner.Runner, error) {
			p.runner.socket = socketDir
			if p.child.user != 0 {
				if err := os.Chown(socketDir, p.child.user, p.child.user); err != nil {
					return nil, err
				}
			}
			p.runner.launch = func() error { return p.launch(o, append(env, cmd.Env...)) }
			return p.runner, nil
		},
	}
}

// launch starts the program and listens to it.
func (p *process) launch(o order, env []string) error {
	c, a := p.child, o.artifact
	temp := filepath.Join(c.dir, "tmp")
	s := spec{
		Path: a.path, Args: a.args, Dir: temp, Level: string(o.level), User: c.user, Network: o.process.Network,
		Env:    append(env, grpcabi.EnvTemp+"="+temp, grpcabi.EnvMaxBytes+"="+strconv.Itoa(o.maxMessage)),
		Fences: fences{Write: []string{c.dir}},
		Bounds: c.bounds(o),
	}
	if a.bundle != nil {
		s.Dir = a.bundle.dir
		s.Env = append(s.Env, "PYTHONDONTWRITEBYTECODE=1") // a bundle that grew a cache has changed
		s.Fences.Read = append(s.Fences.Read, a.bundle.dir)
	}
	if a.path != "" {
		s.Fences.Read = append(s.Fences.Read, around(a.path)...)
	}
	if err := c.start(s, a.binary); err != nil {
		return err
	}
	p.speech.heard.Go(func() { p.speech.hearOut(c.stdout) })
	p.speech.heard.Go(func() { p.speech.hearErr(c.stderr) })
	return nil
}

// bounds are the rlimits. Memory has one only where no cgroup counts it.
func (c *child) bounds(o order) map[int]int {
	b := map[int]int{
		unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: o.process.Files, unix.RLIMIT_FSIZE: int(o.process.FileBytes),
		unix.RLIMIT_NPROC: o.process.PIDs, unix.RLIMIT_MEMLOCK: 64 << 10,
	}
	if c.cgroup == nil || c.engine.cgroups.lacking != "" {
		b[unix.RLIMIT_DATA] = int(o.memory) + dataSlack
	}
	return b
}

// dispenser gives out the connection.
type dispenser struct{ plugin.NetRPCUnsupportedPlugin }

func (dispenser) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this side calls the plugin; it does not serve it")
}

func (dispenser) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
