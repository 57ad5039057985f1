//go:build !wasip1

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/sdk"
)

// debugFlag has the program serve at a socket of its author's choice:
//
//	dlv exec ./greet -- -debug /tmp/greet.sock
//	lessee plugin run --attach /tmp/greet.sock --payload '{"name": "you"}'
const debugFlag = "-debug"

// debugged is the socket that args name.
func debugged(args []string) (socket string, ok bool) {
	if len(args) != 2 || args[0] != debugFlag {
		return "", false
	}
	return args[1], true
}

// serveAt serves p until it is interrupted. Nobody supervises it, and nothing has
// a deadline.
func serveAt(p *sdk.Plugin, socket string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := listen(ctx, socket)
	if err != nil {
		return fmt.Errorf("serve at %s: %w; is the folder there, and does no other program serve at it?", socket, err)
	}
	server, alive := newServer(nil), health.NewServer()
	alive.SetServingStatus(grpcabi.Service, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, alive)
	grpcabi.RegisterExecutorServer(server, &executor{plugin: p, stderr: os.Stderr})
	context.AfterFunc(ctx, server.Stop) // which removes the socket
	fmt.Fprintf(out, "1|%d|unix|%s|grpc|\n", grpcabi.ProtocolVersion, socket)
	return server.Serve(listener)
}

// listen takes a socket that only this user may connect to. One that a killed
// program left behind is taken over.
func listen(ctx context.Context, socket string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", socket)
	if errors.Is(err, syscall.EADDRINUSE) && deserted(ctx, socket) {
		if err = os.Remove(socket); err == nil {
			listener, err = config.Listen(ctx, "unix", socket)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func deserted(ctx context.Context, socket string) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err == nil {
		conn.Close() //nolint:errcheck // nothing was sent
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
