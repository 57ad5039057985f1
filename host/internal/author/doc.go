// Package author is what `lessee plugin` does with a folder: the loop of an
// author from an idea to a module that a host would admit.
//
//	Scaffold  a folder that builds without a network: template, SDK, tests
//	Build     the language's compiler, the manifest packed in, then admission
//	Workshop  the engine of a host, and its way to the network, without a database
//	Pairs     payloads and what is expected of them, compared by JSON pointer
//	Watch     the same again whenever a file was saved
//
// The engine is the authority: a module that is not admitted here is admitted
// by no host of this release, for the same reason in the same words. What only
// the database decides is told as it would tell it, from what the module's
// manifest wants and says of its output; the class row has the last word.
//
// A folder holds its own copy of the SDK, so that it builds where there is
// neither a checkout nor a registry, and keeps building after lessee changed.
package author
