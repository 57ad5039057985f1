// Package process serves a plugin as a native executor: a program that a host
// starts, and talks to by gRPC over a unix socket.
//
//	var plugin = sdk.Register(handle)
//
//	func main() { process.Serve(plugin) }
//
// The same source builds as a WASM module: there, and in a shell without a
// host, Serve is the plugin's Main.
//
// What a handler writes to os.Stdout and os.Stderr is log, as are lines of
// [sdk.Logger]. Its context ends when the host cancels the attempt; a handler
// that goes on all the same costs its process. The program has the environment
// that its class grants, and nothing of the host's.
package process
