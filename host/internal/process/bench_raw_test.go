package process

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// raw is a plugin behind go-plugin as it comes: no containment, no limits, no
// supervision, nothing read of the result. In a session of its own, as ours are,
// it is scheduled apart where the kernel groups processes by session.
type raw struct {
	client   *plugin.Client
	executor grpcabi.ExecutorClient
}

func newRaw(path string, tls, session bool) (*raw, error) {
	cmd := exec.Command(path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	r := &raw{client: plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: grpcabi.ProtocolVersion, MagicCookieKey: grpcabi.CookieKey, MagicCookieValue: grpcabi.CookieValue,
		},
		Plugins: plugin.PluginSet{grpcabi.Name: dispenser{}}, AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd: cmd, AutoMTLS: tls, Logger: hclog.NewNullLogger(),
	})}
	protocol, err := r.client.Client()
	if err != nil {
		return r, err
	}
	conn, err := protocol.Dispense(grpcabi.Name)
	if err == nil {
		r.executor = grpcabi.NewExecutorClient(conn.(*grpc.ClientConn))
		err = protocol.Ping()
	}
	return r, err
}

func startRaw(b *testing.B, path string, tls, session bool) *raw {
	b.Helper()
	r, err := newRaw(path, tls, session)
	b.Cleanup(r.client.Kill)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// freshRaw is a start to the first answer.
func freshRaw(path string) error {
	r, err := newRaw(path, true, false)
	go r.client.Kill()
	return err
}

// job is one attempt, to the end of its stream.
func (r *raw) job(envelope []byte) func() error {
	return func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stream, err := r.executor.Execute(ctx)
		if err == nil {
			err = stream.Send(grpcabi.StartMessage(envelope, abi.DefaultLimits()))
		}
		if err != nil {
			return err
		}
		for answered := false; ; {
			message, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF) && answered:
				return nil
			case err != nil:
				return err
			}
			answered = answered || message.GetResult() != nil
		}
	}
}
