//go:build !wasip1

package process

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/sdk"
)

// Serve runs p for the host that started this program, until the host stops it.
// Without a host it is p.Main, so that a native plugin can be tried in a shell
// pipe too; with the arguments "-debug SOCKET" it serves there until it is
// interrupted, for `lessee plugin run --attach SOCKET`.
func Serve(p *sdk.Plugin) {
	if socket, ok := debugged(os.Args[min(1, len(os.Args)):]); ok {
		if err := serveAt(p, socket, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(grpcabi.CookieKey) != grpcabi.CookieValue {
		p.Main()
		return
	}
	go endWithHost(os.Getppid())
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: grpcabi.ProtocolVersion, MagicCookieKey: grpcabi.CookieKey, MagicCookieValue: grpcabi.CookieValue,
		},
		Plugins:    plugin.PluginSet{grpcabi.Name: &servant{plugin: p, stderr: os.Stderr}},
		GRPCServer: newServer,
		Logger:     hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr, JSONFormat: true}),
	})
}

// newServer takes messages as long as the host sends them.
func newServer(options []grpc.ServerOption) *grpc.Server {
	most, err := strconv.Atoi(os.Getenv(grpcabi.EnvMaxBytes))
	if err != nil || most <= 0 || most > math.MaxInt32 {
		most = 64 << 20
	}
	return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(most), grpc.MaxSendMsgSize(math.MaxInt32))...)
}

// servant registers the executor with go-plugin's server.
type servant struct {
	plugin.NetRPCUnsupportedPlugin
	plugin *sdk.Plugin
	stderr *os.File
}

func (s *servant) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	grpcabi.RegisterExecutorServer(server, &executor{plugin: s.plugin, stderr: s.stderr})
	return nil
}

func (s *servant) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this side serves the plugin; it does not call it")
}
