//go:build !wasip1

package process

import (
	"context"
	"encoding/json"
	"os"
	"runtime/debug"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
	"github.com/lessee-run/lessee/sdk"
)

// executor answers the calls of a host.
type executor struct {
	grpcabi.UnimplementedExecutorServer
	plugin *sdk.Plugin
	stderr *os.File // the program's own
	direct sync.Once
}

// speakDirectly takes the standard streams back from go-plugin, which sends
// what is written there by a call of its own. A program that dies would take
// its last words with it.
func (e *executor) speakDirectly() {
	e.direct.Do(func() { os.Stdout, os.Stderr = e.stderr, e.stderr })
}

// Describe tells what the plugin says of itself.
func (e *executor) Describe(context.Context, *grpcabi.DescribeRequest) (*grpcabi.Description, error) {
	manifest, err := json.Marshal(e.plugin.Manifest())
	if err != nil {
		return nil, status.Errorf(codes.Internal, "encode the manifest: %v", err)
	}
	return &grpcabi.Description{Abi: abi.Version, Manifest: manifest, SdkName: "go", SdkVersion: version()}, nil
}

// Execute runs one attempt.
func (e *executor) Execute(stream grpcabi.Executor_ExecuteServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return status.Error(codes.InvalidArgument, "the first message of an attempt is not its start")
	}
	e.speakDirectly()
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	h := &host{stream: stream, ctx: ctx, answers: make(chan []byte)}
	go h.receive(cancel)
	return h.send(grpcabi.ResultMessage(e.plugin.Execute(ctx, h, start.GetEnvelope())))
}

// version is that of the module that this SDK is part of.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == "github.com/lessee-run/lessee" {
			return m.Version
		}
	}
	return ""
}
