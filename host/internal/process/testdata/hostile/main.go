// Command hostile is a plugin that does harm: at its start what the variable
// HOSTILE says, in a job what the payload says.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

func main() {
	if len(os.Args) > 1 {
		child(os.Args[1])
	}
	switch os.Getenv("HOSTILE") {
	case "exit":
		os.Exit(0)
	case "die":
		fmt.Fprintln(os.Stderr, "I will not live")
		os.Exit(3)
	case "mute":
		select {}
	case "chatter":
		for i := range 1000 {
			fmt.Printf("chatter %d %s\n", i, strings.Repeat("|", i))
		}
	case "elsewhere":
		fmt.Println("1|1|tcp|127.0.0.1:5432|grpc|")
		select {}
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: grpcabi.CookieKey, MagicCookieValue: grpcabi.CookieValue},
		Plugins:         plugin.PluginSet{grpcabi.Name: &servant{}},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options, grpc.UnaryInterceptor(hang), grpc.MaxSendMsgSize(math.MaxInt64), grpc.ForceServerCodecV2(codec{encoding.GetCodecV2("proto")}))...)
		},
		Logger: hclog.NewNullLogger(),
	})
}

// hang never answers the calls that HOSTILE names.
func hang(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if name := os.Getenv("HOSTILE"); name != "" && strings.HasSuffix(info.FullMethod, "/"+name) {
		select {}
	}
	return handler(ctx, request)
}

// codec sends three gigabytes where a result says so, and has them only once.
type codec struct{ encoding.CodecV2 }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(*grpcabi.FromPlugin); ok && string(m.GetResult()) == "3 GB" {
		one, many := mem.SliceBuffer(make([]byte, 1<<20)), mem.BufferSlice{}
		for range 3000 {
			many = append(many, one)
		}
		return many, nil
	}
	return c.CodecV2.Marshal(v)
}

type servant struct {
	plugin.NetRPCUnsupportedPlugin
	grpcabi.UnimplementedExecutorServer
}

func (s *servant) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	grpcabi.RegisterExecutorServer(server, s)
	return nil
}

func (*servant) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func (*servant) Describe(context.Context, *grpcabi.DescribeRequest) (*grpcabi.Description, error) {
	return &grpcabi.Description{Abi: abi.Version}, nil
}

func (*servant) Execute(stream grpcabi.Executor_ExecuteServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	envelope, err := abi.DecodeEnvelope(first.GetStart().GetEnvelope())
	if err != nil {
		return err
	}
	var in struct{ Do, With string }
	if err := json.Unmarshal(envelope.Payload, &in); err != nil {
		return err
	}
	answer := do(in.Do, in.With)
	if answer == "3 GB" {
		return stream.Send(grpcabi.ResultMessage([]byte(answer)))
	}
	if answer == "flood" {
		for {
			if err := stream.Send(grpcabi.LogMessage(abi.LevelInfo, strings.Repeat("x", 1000))); err != nil {
				time.Sleep(time.Hour)
			}
		}
	}
	output, _ := json.Marshal(map[string]string{"said": answer})
	result, _ := abi.EncodeResult(abi.Result{Status: abi.StatusOK, Output: output})
	return stream.Send(grpcabi.ResultMessage(result))
}
