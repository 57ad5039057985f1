//go:build linux

package process

import (
	"context"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// dialOptions cap messages, check who is at the other end of the socket, and
// keep go-plugin's broker from ever being started: a plugin could make the host
// wait for any number of connections by it.
func (p *process) dialOptions(maxMessage int) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithStreamInterceptor(withoutBroker),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return p.dialSocket(ctx) }),
		grpc.WithDisableServiceConfig(),
		grpc.WithInitialWindowSize(window), // a size of one's own saves the pings by which gRPC finds one: two in each round trip
		grpc.WithInitialConnWindowSize(window),
	}
}

func withoutBroker(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if method == "/plugin.GRPCBroker/StartStream" {
		return nil, status.Error(codes.Unimplemented, "this host has no broker")
	}
	return stream(ctx, desc, conn, method, opts...)
}

// dialSocket connects to the plugin's socket, if it is the plugin that listens:
// the path might lead to somebody else's.
func (p *process) dialSocket(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", p.runner.address)
	if err != nil {
		return nil, err
	}
	if err := p.checkPeer(conn.(*net.UnixConn)); err != nil {
		conn.Close() //nolint:errcheck // nothing was sent
		return nil, err
	}
	return conn, nil
}

func (p *process) checkPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err != nil || failed != nil {
		return fmt.Errorf("ask who listens on the plugin's socket: %w %w", err, failed)
	}
	want := p.child.user
	if want == 0 {
		want = os.Getuid()
	}
	if int(peer.Pid) != p.child.pid || int(peer.Uid) != want && int(peer.Uid) != os.Getuid() {
		return fmt.Errorf("process %d of user %d listens on the plugin's socket, which is process %d: the plugin itself has to", peer.Pid, peer.Uid, p.child.pid)
	}
	return nil
}
