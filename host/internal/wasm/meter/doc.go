// Package meter rewrites WebAssembly modules so that a guest pays for what it
// runs, and the host can stop it at any time without the engine's help.
//
// The rewritten module is all that soundness rests on: the engine validates it,
// and no guest can name what was put into it, because every index in the module
// is checked against what the module itself defines.
//
//	host                                     guest
//	fuel  := Budget.Start()                  at the head of a region: fuel -= its price
//	depth := bytes of stack                  at the head of a cycle:  fuel < 0 ? tick
//	call ───────────────────────────────────▶ entering a function:    depth -= its frame; < 0 ? tick
//	tick(fuel, depth) ◀───────────────────── before a bulk operation: fuel -= its length; < 0 ? tick
//	  Budget.Tick: next slice, or stop       leaving a function:      depth += its frame
//	  and the context: go on, or stop
//
// # The host's part
//
// The module imports the function [ImportTick] of [ImportModule], and exports
// the globals [FuelGlobal] and [DepthGlobal]. Before each call the host sets
// both. A trap leaves them where they were, so that setting is not optional.
// Tick stops a guest by a panic, which is the engine's own way to unwind it. A
// module in which the host sets no fuel ticks as soon as it does any work.
//
// # Fuel
//
// Each instruction has a price (opcode.go): most 1, a division 8, a call 5, a
// call of the host 100, a vector operation 2; a bulk operation pays 1 per 8
// bytes, or per element of a table, and growing a memory costs as much as
// filling what was grown, once it is. The price of a region is paid at its
// head, and a path through it never costs more: see region. It may cost less,
// by no more than 16 after the first point where paths part. So the fuel that
// a run uses is a function of the module and its input, whatever the engine,
// the machine and the slice; and no less than the exact cost.
//
// # Why nothing escapes
//
// Code that runs for ever passes loop heads or enters functions for ever. Each
// loop head looks at the fuel, or leads straight to one that does. So does the
// entry of each function, except for the light ones: they have neither loops
// nor calls but of light functions, can't be called but by name, and cost no
// more than 256 in all, which their callers answer for. Along any path between
// two looks a call of a function spends no more than about 256 that it has not
// been asked for, or one region, which is asked for when it is paid. Bulk
// operations on memory look after each MiB.
//
// What unwinds looks nowhere, so each frame weighs, in depth, 8 times what it
// may spend between the end of a call and its own: a stack of the whole depth
// unwinds with depth/8 of fuel at most. So a run uses at most its budget, one
// region, and depth/8; and the use is counted in full ([Budget.Over]).
//
// # Depth
//
// The unit is a byte of the engine's stack. A frame's weight is an estimate
// from above, see frame: of some thousand functions compiled by Go the engine's
// frames took 0.4 of it at the median, and 1.3 at most. It is no proof:
// a function can be written whose frame is larger, because the engine never
// reuses a stack slot, and merges of a local's values take slots that are not
// counted. The engine's own limit, which is some 80 MB, ends such a recursion.
// Functions that call no function, or light ones only, are not counted.
//
// # What is refused
//
// Whatever this package does not know, whatever is encoded so that the engine
// might read it in another way, names that are reserved, and sizes that no real
// module has: an [*Error] says where and why. Custom sections are dropped, as
// none means anything to the engine; the names of functions are in the result.
package meter
