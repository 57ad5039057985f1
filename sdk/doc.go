// Package sdk is what the author of a plugin imports, and all of it.
//
// A plugin is one handler from an input to an output:
//
//	package main
//
//	import (
//		"context"
//
//		"github.com/lessee-run/lessee/sdk"
//	)
//
//	type In struct {
//		Name string `json:"name"`
//	}
//
//	type Out struct {
//		Greeting string `json:"greeting"`
//	}
//
//	var plugin = sdk.Register(greet)
//
//	func main() { plugin.Main() }
//
//	func greet(ctx context.Context, in In) (Out, error) {
//		return Out{Greeting: "hello " + in.Name}, nil
//	}
//
// The same source builds three ways:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared   a core module: the host calls its exports
//	GOOS=wasip1 GOARCH=wasm go build                       a command module: stdin, stdout, stderr
//	go build                                               the same command, native, for a shell pipe
//
// A core module never runs main; Go runs only its package variables and init
// functions. That is why the handler is registered by a package variable, and
// why main does nothing but serve the other two.
//
// A host may initialise a core module once and bring that state back before
// every job. What package variables and init functions made is then the same in
// all jobs; random numbers are not, because the host sends fresh entropy first.
// But a random value, or a generator of one's own, that is made so early
// repeats: make it in the handler, or use the functions of math/rand/v2.
//
// An error from the handler means: try again later. [Permanent], [RetryAfter],
// [WithCode] and [Park] say otherwise. What the handler wants done ([Enqueue],
// [Command], [Emit]) becomes part of its result, and the host commits it
// together with the job, or not at all. Package sdktest runs a handler through
// the encoded contract in a plain go test.
//
// The types of the handler are a contract: the manifest of the module holds JSON
// Schemas of them, which a payload must obey to become a job, and an output to be
// committed. Options of [Register] add what else the manifest says: a name, what
// the plugin wants to be granted, its config, what to warm up with.
package sdk
