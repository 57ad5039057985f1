package main

// pages is the size of the linear memory, in pages of 64 KiB.
func pages() int32
