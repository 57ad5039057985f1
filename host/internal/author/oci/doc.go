// Package oci keeps modules in OCI registries, as the CNCF's artifact layout
// for WebAssembly has it: a config of application/vnd.wasm.config.v0+json and
// one layer of application/wasm. Signatures are artifacts that refer to it.
// Source: https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/
package oci
