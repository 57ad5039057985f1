// Package conformance tells the author of a module what a host would have to
// say against it, before a host says it.
//
//	Plugin   any module: what it says of itself, what it answers to the author's
//	         examples and to payloads made hostile from them, how it repeats
//	         itself, how it is stopped
//	Vectors  an SDK, by the guest named vectors of its language: abi/testdata
//
// The engine is that of a host (see author.Workshop), and so are limits, errors
// and what the database would refuse: nothing is reckoned here that a host
// decides. Every check ends in one [Outcome]:
//
//	pass  it holds
//	warn  a host runs it, and somebody will be sorry
//	fail  jobs of this module will fail, or do what nobody meant
//	skip  it does not apply, or can't be told; the reason says why
//
// A reason says what is wrong, and what the host wants instead; [Outcome.Where]
// says where in the author's source, as far as the module tells.
//
// What is made by chance is found by comparing: state that leaks shows when an
// instance is used twice, randomness that repeats when the module is admitted
// under another digest, from which all chance follows while it is prepared.
package conformance
