//go:build !linux

package process

import (
	"context"
	"errors"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Engine runs native executors; not on this system.
type Engine struct{}

// Module is a native module that was admitted; there is none on this system.
type Module struct{}

// Source is where a module's bytes are.
type Source struct {
	Bytes []byte
	Path  string
}

var errSystem = errors.New("native executors need Linux: what contains them is the kernel's")

// DefaultDir is of no use here.
func DefaultDir() string { return "" }

// LaunchIfAsked does nothing here.
func LaunchIfAsked() {}

// New makes an engine that loads nothing.
func New(Config) (*Engine, error) { return &Engine{}, nil }

// Load refuses.
func (*Engine) Load(context.Context, string, Source, func(registry.Stage)) (*Module, error) {
	return nil, errSystem
}

// Close does nothing.
func (*Engine) Close() {}

// Manifest is nil.
func (*Module) Manifest() *abi.Manifest { return nil }

// Cold is empty.
func (*Module) Cold() string { return "" }

// Keep does nothing.
func (*Module) Keep([]registry.Class) {}

// Ready says no.
func (*Module) Ready(registry.Class) (bool, string) { return false, errSystem.Error() }

// Execute refuses.
func (*Module) Execute(context.Context, registry.Class, []byte, abi.Sink) (abi.Result, abi.Usage, error) {
	return abi.Result{}, abi.Usage{}, errSystem
}

// Close does nothing.
func (*Module) Close(context.Context) error { return nil }

// Attached is a plugin that its author started; not on this system.
type Attached struct{ Module }

// Attach refuses.
func Attach(context.Context, string, string) (*Attached, error) { return nil, errSystem }
