// Package wasm runs modules: untrusted WebAssembly, inside the limits of the
// class row, each attempt in an instance that knows nothing of any other.
//
// The class row is the authority on limits and isolation, the digest is a
// module's identity.
//
//	Inspect  what a file says of itself: contract, imports, exports, manifest
//	Load     admission, stage by stage: digest, parse, manifest, meter,
//	         compile, start, snapshot, self-test
//	Execute  an instance at the snapshot, envelope in, result out, back to the
//	         snapshot
//
// A module has code that is metered (see meter) and a snapshot: its memory and
// globals as they are after its initialisation, which ran once, without a
// clock, randomness or rights of its own. Instances are made from the snapshot,
// kept, and brought back to it after each attempt (see image), so that
//
//	what an attempt sees = the module + its envelope + what it asks of the host
//
// A module that can't be brought back runs cold: a new instance for every
// attempt, as clean and slower; [Module.Cold] says why. A class may ask for
// isolation "reuse": then its attempts, and no others, find what they left.
//
// A guest has no file, no argument and no environment variable, and no network
// but what the host requests for it. It has WASI's clocks, randomness and
// standard streams, and the functions of [abi.ImportModule]. Whatever it does
// ends in a result or in an *abi.Error:
//
//	it computes too much            limit_fuel, at the same instruction everywhere
//	it runs too long                limit_wall: the meter's tick and host functions look at the context
//	it recurses too deep            limit_stack, before the engine's own stack ends
//	it asks for too much memory     limit_memory: memory.grow fails at the cap
//	it calls the host too often     limit_host_calls
//	it talks too much               limit_log: the call that exceeds the cap ends the attempt
//	it answers too much             limit_output, limit_effects: the answer is not copied
//	it answers nonsense             pointer_invalid, result_invalid
//	it traps or exits               guest_trap, guest_exit
//	the caller cancels              the cause of the context, if that is an *abi.Error
//
// An attempt that did not end by itself costs its instance, and nothing else.
// A module that can't be admitted costs the time of one admission, which is
// bounded, as is the number of compilations at once: others go on. Compiled
// code is kept on disk, sealed, so that a damaged file is made anew and not run.
//
// Guest memory is mapped outside the Go heap, one reservation per instance, and
// unmapped when the instance is closed and nothing can touch it any more.
//
// What is left to trust is wazero's compiler, which runs in this process.
package wasm
