//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/registry"
)

// Attached is a plugin that its author started, in a debugger as a rule: `PROGRAM
// -debug SOCKET`. It is neither contained nor supervised, and lives on.
type Attached struct {
	process  *process
	conn     *grpc.ClientConn
	manifest *abi.Manifest
}

// Attach connects to a plugin that serves at address: the path of its socket, or
// the line that it printed. It waits as long as ctx lets it: the plugin may stand
// at a breakpoint.
func Attach(ctx context.Context, address string, version string) (*Attached, error) {
	socket, err := socketOf(address)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
	if err != nil {
		return nil, err
	}
	a := &Attached{conn: conn, process: &process{
		child: &child{exited: make(chan struct{})}, speech: &speech{log: zap.NewNop()},
		executor: grpcabi.NewExecutorClient(conn), health: grpc_health_v1.NewHealthClient(conn),
	}}
	if a.manifest, err = a.process.describe(ctx, version); err != nil {
		return nil, errors.Join(fmt.Errorf("attach to the plugin at %s: %w; is it started, as PROGRAM -debug %s?", socket, err, socket), conn.Close())
	}
	return a, nil
}

// socketOf takes the line of a handshake for its fourth field.
func socketOf(address string) (string, error) {
	if !isHandshake(address) {
		return address, nil
	}
	fields := strings.Split(strings.TrimSpace(address), "|")
	if fields[2] != "unix" || len(fields) > 5 && fields[5] != "" {
		return "", errors.New("the plugin asks for TLS, or listens on no unix socket: start it as PROGRAM -debug SOCKET, without a host")
	}
	return fields[3], nil
}

// Manifest is what the plugin says of itself; nil when it says nothing.
func (a *Attached) Manifest() *abi.Manifest { return a.manifest }

// Cold is empty: the plugin runs already.
func (a *Attached) Cold() string { return "" }

// Execute runs one attempt, as that of a Module does. What the plugin writes to
// its own streams stays where its author sees it.
func (a *Attached) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	t := &attempt{limits: class.Limits, manifest: a.manifest, sink: sink, started: time.Now()}
	result, _, err := a.process.execute(ctx, t, envelope)
	t.flush()
	return result, t.usage(), err
}

// Close leaves the plugin alone.
func (a *Attached) Close(context.Context) error { return a.conn.Close() }
