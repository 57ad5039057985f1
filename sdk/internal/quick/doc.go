// Package quick reads and writes the JSON of a job for a handler, in a third of
// the fuel that encoding/json takes. For the job of bench:sandbox, with 300
// bytes of payload, that is 230,000 units in place of 770,000, in a call of
// 870,000: JSON was most of what a small job of a Go guest cost.
//
// encoding/json stays the authority. The package knows the JSON that programs
// write and the types that authors declare. Whatever else it meets, good or
// bad, it leaves to encoding/json, from the start and with all its errors:
//
//	bytes ──▶ quick ──▶ value
//	            │ not plain: keys in another case, or twice; a wrong type; …
//	            └──▶ encoding/json ──▶ value or error
//
// What holds, and what the tests try to break: where quick gives an answer,
// encoding/json gives the same.
//
// How a type is read and written is planned once, before the state is kept that
// jobs start from: see package sdk's warm-up.
package quick
