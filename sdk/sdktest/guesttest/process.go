//go:build sdks

package guesttest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// Process is a native plugin that runs, as a plain client of go-plugin sees it.
type Process struct {
	*Guest
	Client   *plugin.Client
	Executor grpcabi.ExecutorClient
	Dir      string // where it may make files

	log lines // go-plugin's own
}

// forced reports whether the client had to kill what it had asked to go.
func (p *Process) forced() bool { return strings.Contains(p.log.String(), "failed to exit gracefully") }

func quiet() hclog.Logger { return hclog.NewNullLogger() }

// lines are words that many may say at once.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// OpenProcess starts a native plugin with hashicorp/go-plugin's own client, so
// that what an SDK says is held against the protocol and not against our host.
// Changes may be made to the configuration before the start.
func OpenProcess(t testing.TB, cmd *exec.Cmd, changes ...func(*plugin.ClientConfig)) *Process {
	t.Helper()
	p := &Process{Guest: &Guest{}, Dir: shortDir(t)}
	cmd.Env = append(cmd.Env, grpcabi.EnvTemp+"="+p.Dir)
	config := &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: grpcabi.ProtocolVersion, MagicCookieKey: grpcabi.CookieKey, MagicCookieValue: grpcabi.CookieValue,
		},
		Plugins:          plugin.PluginSet{grpcabi.Name: dialled{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd:              cmd,
		SkipHostEnv:      true,
		Stderr:           &p.Stderr,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: &p.log}),
		StartTimeout:     time.Minute, // of a machine that has other things to do
	}
	for _, change := range changes {
		change(config)
	}
	p.Client = plugin.NewClient(config)
	t.Cleanup(p.Client.Kill)
	if err := p.dispense(); err != nil {
		t.Fatalf("start %s: %v\n%s", cmd, err, p.Stderr.String())
	}
	p.answer = p.execute
	return p
}

func (p *Process) dispense() error {
	protocol, err := p.Client.Client()
	if err != nil {
		return err
	}
	if err := protocol.Ping(); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	raw, err := protocol.Dispense(grpcabi.Name)
	if err == nil {
		p.Executor = raw.(grpcabi.ExecutorClient)
	}
	return err
}

// execute runs one attempt over one stream.
func (p *Process) execute(envelope []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := p.Executor.Execute(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(grpcabi.StartMessage(envelope, abi.DefaultLimits())); err != nil {
		return nil, err
	}
	if p.Cancelled {
		if err := stream.Send(grpcabi.CancelMessage(abi.Errorf(abi.CodeCancelled, "the job was cancelled"))); err != nil {
			return nil, err
		}
	}
	return p.converse(stream)
}

// converse hears what the plugin says until the stream ends, and answers.
func (p *Process) converse(stream grpcabi.Executor_ExecuteClient) (result []byte, err error) {
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) && result != nil {
			return result, nil
		}
		if err != nil {
			return nil, err
		}
		switch said := message.Message.(type) {
		case *grpcabi.FromPlugin_Log:
			p.Said = append(p.Said, fmt.Sprintf("log %d %s", said.Log.Level, said.Log.Line))
		case *grpcabi.FromPlugin_Progress:
			p.Said = append(p.Said, fmt.Sprintf("progress %d %s", said.Progress.Permille, said.Progress.Note))
		case *grpcabi.FromPlugin_HttpRequest:
			document := said.HttpRequest.Document
			head := binary.LittleEndian.Uint32(document)
			if err := stream.Send(grpcabi.AnswerMessage(p.HTTP(document[4:4+head], document[4+head:]))); err != nil {
				return nil, err
			}
		case *grpcabi.FromPlugin_Result:
			result = said.Result
		}
	}
}

// shortDir is a folder whose name leaves room for that of a socket.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "guest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// dialled makes a client of the connection that go-plugin has.
type dialled struct{ plugin.NetRPCUnsupportedPlugin }

func (dialled) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this side calls the plugin; it does not serve it")
}

func (dialled) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return grpcabi.NewExecutorClient(conn), nil
}
