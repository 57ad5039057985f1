//go:build !sdks

package journey

// languages are those whose toolchain everybody has who runs the tests.
func languages() []string { return []string{"go"} }
