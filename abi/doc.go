// Package abi is the wire contract between the host and an executor, version 1.
//
// The host hands an executor one [Envelope] and takes back one [Result], both
// JSON. How the bytes travel is the adapter's business:
//
//   - core: a WASM module that exports memory, [ExportABIVersion], [ExportAlloc]
//     and [ExportExecute], and may import the module [ImportModule] and WASI
//     preview 1. Envelope and result lie in the guest's memory.
//   - command: any WASI program. The envelope arrives on stdin, the result is
//     what it wrote to stdout, its log is stderr, its exit code is a verdict.
//   - grpc: a native subprocess; see abi/grpcabi.
//
// Everything here is data. The package imports the standard library only, and
// every SDK in every language must pass the vectors in testdata.
package abi

// Version is the contract's version: what a core module's [ExportABIVersion]
// returns, and the abi field of every envelope.
const Version = 1
