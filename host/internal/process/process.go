//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// process is a plugin at work.
type process struct {
	child    *child
	speech   *speech
	client   *plugin.Client
	config   *plugin.ClientConfig
	runner   *runner
	executor grpcabi.ExecutorClient
	health   grpc_health_v1.HealthClient

	idleSince time.Time
	checked   time.Time // its health
	jobs      int
	leaving   atomic.Bool   // it was asked to stop, so its end is no crash
	stopping  sync.Once     // by the first who asks
	gone      chan struct{} // closed when nothing of it is left
}

// connect waits for the handshake, then for health.
func (p *process) connect(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- p.dial() }()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		p.child.kill()
		<-done //nolint:errcheck // it was killed, and says so
		return errLate
	}
	return p.awaitHealth(ctx)
}

var errLate = errors.New("it did not complete the handshake in time (start_timeout_ms)")

func (p *process) dial() error {
	if _, err := p.client.Start(); err != nil {
		return err
	}
	p.certified()
	protocol, err := p.client.Client()
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	raw, err := protocol.Dispense(grpcabi.Name)
	if err != nil {
		return err
	}
	conn, ok := raw.(*grpc.ClientConn)
	if !ok {
		return errors.New("go-plugin gave no connection")
	}
	p.executor, p.health = grpcabi.NewExecutorClient(conn), grpc_health_v1.NewHealthClient(conn)
	return nil
}

// certified turns TLS off for a plugin that sent no certificate. The socket's
// peer is checked in any case.
func (p *process) certified() {
	if p.config.TLSConfig != nil && p.config.TLSConfig.RootCAs == nil {
		p.config.TLSConfig = nil
	}
}

// awaitHealth asks until the plugin says that it serves.
func (p *process) awaitHealth(ctx context.Context) error {
	var last error
	for {
		if last = p.check(ctx); last == nil {
			return nil
		}
		select {
		case <-p.child.exited:
			return fmt.Errorf("it died before it was healthy: %w", last)
		case <-ctx.Done():
			return fmt.Errorf("it was not healthy in time (start_timeout_ms): %w", last)
		case <-time.After(20 * time.Millisecond): // between two looks
		}
	}
}

func (p *process) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	answer, err := p.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: grpcabi.Service})
	if err != nil {
		return fmt.Errorf("its health: %w", err)
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("its health is %s", answer.GetStatus())
	}
	return nil
}

// describe asks the plugin what it is.
func (p *process) describe(ctx context.Context, version string) (*abi.Manifest, error) {
	d, err := p.executor.Describe(ctx, &grpcabi.DescribeRequest{Abi: abi.Version, Host: version})
	if err != nil {
		return nil, fmt.Errorf("ask what it is (Describe): %w", err)
	}
	if d.GetAbi() != abi.Version {
		return nil, fmt.Errorf("the plugin speaks ABI v%d, this host speaks v%d: build it with the SDK of the host's release", d.GetAbi(), abi.Version)
	}
	if len(d.GetManifest()) == 0 {
		return nil, nil
	}
	m, err := abi.DecodeManifest(d.GetManifest())
	return &m, err
}

// stop asks the process to end, kills it when it does not in time, and returns
// when nothing of it is left.
func (p *process) stop(patience time.Duration) {
	p.leaving.Store(true)
	p.stopping.Do(func() { go p.end(patience) })
	<-p.gone
}

// kill ends the process at once.
func (p *process) kill() {
	p.child.kill()
	p.stop(0)
}

func (p *process) end(patience time.Duration) {
	p.runner.until = time.Now().Add(patience)
	timer := time.AfterFunc(patience, p.child.kill)
	p.client.Kill() // returns when the process is gone
	timer.Stop()
	p.child.kill() // when it never got so far as to be known to go-plugin
	if p.child.started() {
		<-p.child.exited
	}
	p.runner.stdout.CloseWithError(io.EOF) //nolint:errcheck // never fails
	p.speech.heard.Wait()
	p.child.remove()
	close(p.gone)
}

// alive reports whether it has not ended.
func (p *process) alive() bool {
	select {
	case <-p.child.exited:
		return false
	default:
		return !p.leaving.Load()
	}
}
