package sdk

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/lessee-run/lessee/abi"
)

// Option says what the manifest of a plugin tells beside the schemas of its
// handler's types.
type Option func(*declaration)

// declaration is what an author says of a plugin. It is put together only when
// somebody asks for the manifest: a job pays nothing for it.
type declaration struct {
	manifest abi.Manifest
	config   reflect.Type // nil: not said
	err      error        // of the last payload that does not encode
}

// Named gives the plugin a name and a version.
func Named(name, version string) Option {
	return func(d *declaration) { d.manifest.Name, d.manifest.Version = name, version }
}

// WantsCommands lists the commands that the handler asks for. A class that does
// not grant them all is not run, and a command that is not listed is not
// granted to the plugin, whatever the class grants.
func WantsCommands(names ...string) Option {
	return func(d *declaration) { d.manifest.Wants.Commands = append(d.manifest.Wants.Commands, names...) }
}

// WantsClasses lists the classes that the handler enqueues follow-ups of, as
// [WantsCommands] does commands.
func WantsClasses(names ...string) Option {
	return func(d *declaration) { d.manifest.Wants.Classes = append(d.manifest.Wants.Classes, names...) }
}

// WantsEvents lists the types of the events that the handler emits, as
// [WantsCommands] does commands.
func WantsEvents(types ...string) Option {
	return func(d *declaration) { d.manifest.Wants.Events = append(d.manifest.Wants.Events, types...) }
}

// WantsHTTP says that the handler sends HTTP requests. Where to is the class's to grant.
func WantsHTTP() Option {
	return func(d *declaration) { d.manifest.Wants.HTTP = true }
}

// WarmUp adds a payload for the host to run before it keeps the state that
// every job starts from. What the handler answers is dropped.
func WarmUp(payload any) Option {
	return func(d *declaration) {
		encoded, err := json.Marshal(payload)
		if err != nil {
			d.err = fmt.Errorf("a payload of sdk.WarmUp, a %T, does not encode as JSON: %w", payload, err)
			return
		}
		d.manifest.WarmUp = append(d.manifest.WarmUp, encoded)
	}
}

// ConfigOf says that the handler reads the config of its class as a T; see [Config].
func ConfigOf[T any]() Option {
	return func(d *declaration) { d.config = reflect.TypeFor[T]() }
}

// Manifest is what the plugin says of itself: its options, and schemas that are
// derived from the types of its handler, as docs/abi.md describes. A warm-up
// payload that does not encode is left out; the program says so when it is asked
// for its manifest.
func (p *Plugin) Manifest() abi.Manifest {
	manifest, _ := p.manifest()
	return manifest
}

func (p *Plugin) manifest() (abi.Manifest, error) {
	d := &declaration{}
	for _, option := range p.options {
		option(d)
	}
	d.manifest.ABI = abi.Version
	d.manifest.Schemas = abi.Schemas{Payload: schemaOf(p.in, reads), Output: schemaOf(p.out, writes)}
	if d.config != nil {
		d.manifest.Schemas.Config = schemaOf(d.config, reads)
	}
	return d.manifest, d.err
}

// writeManifest is what a native build does when -manifest is all it is asked for.
func (p *Plugin) writeManifest(out io.Writer) error {
	manifest, err := p.manifest()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(manifest); err != nil {
		return fmt.Errorf("write the manifest to stdout: %w", err)
	}
	return nil
}
