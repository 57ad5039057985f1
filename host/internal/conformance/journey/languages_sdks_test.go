//go:build sdks

package journey

// languages are those that have an SDK; `task sdks:setup` installs their toolchains.
func languages() []string { return []string{"go", "rust", "c", "assemblyscript", "js"} }
