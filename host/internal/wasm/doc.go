// Package wasm runs modules: untrusted WebAssembly, one fresh instance per
// attempt, inside the limits of the class row.
//
// The class row is the authority on limits, the digest is a module's identity.
//
//	Inspect  what a file says of itself: contract, imports, exports
//	Load     digest, Inspect, compile, link, ask for the ABI version
//	Execute  instantiate, hand over the envelope, take the result, forget the instance
//
// A guest has no file, no network, no argument and no environment variable. It
// has WASI's clocks, randomness and standard streams, and the functions of
// [abi.ImportModule]. Whatever it does ends in a result or in an *abi.Error:
//
//	it runs too long                limit_wall: every loop looks at the context
//	it asks for too much memory     limit_memory: memory.grow fails at the cap
//	it talks too much               limit_log: the call that exceeds the cap ends the attempt
//	it answers too much             limit_output, limit_effects: the answer is not copied
//	it answers nonsense             pointer_invalid, result_invalid
//	it traps or exits               guest_trap, guest_exit
//	the caller cancels              the cause of the context, if that is an *abi.Error
//
// One escape is known: code that recurses without a loop is not stopped by the
// context, only by the stack's end or its own.
//
// Guest memory is mapped outside the Go heap, one reservation per attempt, and
// unmapped when the attempt has ended and nothing can touch it any more.
package wasm
