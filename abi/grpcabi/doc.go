// Package grpcabi is the contract of package abi for native executors: the
// same envelope and result, carried by gRPC over a unix socket.
//
// lessee.proto is the source; the other files are made from it by `task
// generate`, but for the conversions and the names of the handshake here.
//
// A plugin is started as hashicorp/go-plugin starts one. It prints one line to
// stdout, "1|1|unix|SOCKET|grpc|CERTIFICATE", and serves Executor, the health
// service of gRPC for [Service], and go-plugin's plugin.GRPCController. What it
// says before that line, and all it writes to stderr, is log.
package grpcabi
