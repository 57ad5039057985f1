//go:build !wasm

package main

func pages() int32 { return 0 }
