// Command benchpeer is Extism's go-sdk at the work of the sandbox benchmark,
// which runs it:
//
//	benchpeer PLUGIN PAYLOAD
//
// It says on one line of JSON what it is; then, for each line "LANE UNCLOCKED
// JOBS" on stdin, how many nanoseconds each job took after the unclocked ones. It is a module of its
// own, so that what it requires is required of nobody else.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	extism "github.com/extism/go-sdk"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: benchpeer PLUGIN PAYLOAD")
		os.Exit(2)
	}
	if err := serve(context.Background(), os.Args[1], []byte(os.Args[2])); err != nil {
		fmt.Fprintln(os.Stderr, "benchpeer:", err)
		os.Exit(1)
	}
}

type hello struct {
	Versions string
	Lanes    []string
	Answer   json.RawMessage
}

func serve(ctx context.Context, plugin string, payload []byte) error {
	p := peer{ctx: ctx, plugin: plugin, payload: payload}
	h := hello{Versions: versions()}
	var lanes []func() ([]byte, error)
	for _, l := range []struct {
		name    string
		timeout time.Duration
		open    func(*extism.CompiledPlugin) (func() ([]byte, error), error)
	}{
		{"Extism, reused instance", 0, p.reused},
		{"Extism, reused instance, with a timeout", time.Minute, p.reused},
		{"Extism, new instance", 0, p.fresh},
		{"Extism, new instance, with a timeout", time.Minute, p.fresh},
	} {
		compiled, err := p.compile(l.timeout)
		if err != nil {
			return fmt.Errorf("compile the plugin: %w", err)
		}
		lane, err := l.open(compiled)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		if h.Answer, err = lane(); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		h.Lanes, lanes = append(h.Lanes, l.name), append(lanes, lane)
	}
	return answer(h, lanes)
}

func answer(h hello, lanes []func() ([]byte, error)) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(h); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var lane, unclocked, jobs int
		if _, err := fmt.Sscan(in.Text(), &lane, &unclocked, &jobs); err != nil {
			return fmt.Errorf("read %q: %w", in.Text(), err)
		}
		took, err := turn(lanes[lane], unclocked, jobs)
		if err != nil {
			return fmt.Errorf("%s: %w", h.Lanes[lane], err)
		}
		if err := out.Encode(took); err != nil {
			return err
		}
	}
	return nil
}

// turn is as the turns of the other lanes are.
func turn(run func() ([]byte, error), unclocked, jobs int) (took []time.Duration, err error) {
	for n := range unclocked + jobs {
		started := time.Now()
		if _, err := run(); err != nil {
			return nil, err
		}
		if n >= unclocked {
			took = append(took, time.Since(started))
		}
	}
	return took, nil
}

type peer struct {
	ctx     context.Context
	plugin  string
	payload []byte
}

// compile does what need not be done per job. Only with a timeout can Extism
// stop a plugin, by wazero's WithCloseOnContextDone.
func (p peer) compile(timeout time.Duration) (*extism.CompiledPlugin, error) {
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: p.plugin}}, Timeout: uint64(timeout.Milliseconds())}
	return extism.NewCompiledPlugin(p.ctx, manifest, extism.PluginConfig{EnableWasi: true}, nil)
}

func (p peer) call(instance *extism.Plugin) ([]byte, error) {
	code, out, err := instance.CallWithContext(p.ctx, "charge", p.payload)
	if err == nil && code != 0 {
		err = fmt.Errorf("the plugin returned %d", code)
	}
	return out, err
}

func (p peer) reused(compiled *extism.CompiledPlugin) (func() ([]byte, error), error) {
	instance, err := compiled.Instance(p.ctx, extism.PluginInstanceConfig{})
	return func() ([]byte, error) { return p.call(instance) }, err
}

func (p peer) fresh(compiled *extism.CompiledPlugin) (func() ([]byte, error), error) {
	return func() ([]byte, error) {
		instance, err := compiled.Instance(p.ctx, extism.PluginInstanceConfig{})
		if err != nil {
			return nil, err
		}
		out, err := p.call(instance)
		return out, errors.Join(err, instance.CloseWithContext(p.ctx))
	}, nil
}

func versions() string {
	info, _ := debug.ReadBuildInfo()
	var out []string
	for _, m := range info.Deps {
		switch m.Path {
		case "github.com/extism/go-sdk", "github.com/tetratelabs/wazero":
			out = append(out, m.Path+" "+m.Version)
		}
	}
	return "the peer: " + strings.Join(out, " on ")
}
