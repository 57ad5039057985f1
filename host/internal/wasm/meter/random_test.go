package meter_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// program writes random functions that end: loops count down, and functions
// call only those after them. All values are i32. Local 0 is the parameter, 1
// to 3 are variables, those from 4 on count loops.
type program struct {
	*rand.Rand
	functions int
	function  int
	loops     int
	labels    []bool // open labels, outermost first: whether it may be branched to
	size      int
}

func (p *program) module() wasm {
	var funcs []fn
	for p.function = range p.functions {
		p.loops, p.size, p.labels = 0, 60, []bool{true}
		code := p.statements(4) + p.value(2) + drop
		funcs = append(funcs, fn{typ: tI32, locals: "\x01" + uleb(uint64(3+p.loops)) + "\x7f", code: code + get(1)})
	}
	w := withMemory(module(funcs...), pages1)
	w.globals = []string{"\x7f\x01\x41\x00\x0b"}
	w.tables = []string{"\x70\x00" + uleb(uint64(p.functions))}
	elems := "\x00\x41\x00\x0b" + uleb(uint64(p.functions))
	for i := range p.functions {
		elems += uleb(uint64(i))
	}
	w.elems = []string{elems}
	w.exports = append(w.exports[:1:1], sized("g")+"\x03\x00")
	return w
}

func (p *program) statements(depth int) (code string) {
	for range p.IntN(5) {
		code += p.statement(depth)
	}
	return code
}

func (p *program) nested(open string, branch bool, body func() string) string {
	p.labels = append(p.labels, branch)
	code := open + body() + end
	p.labels = p.labels[:len(p.labels)-1]
	return code
}

func (p *program) statement(depth int) string {
	if p.size--; p.size < 0 || depth == 0 {
		return p.value(1) + set(byte(1+p.IntN(3)))
	}
	body := func() string { return p.statements(depth - 1) }
	switch p.IntN(10) {
	case 0:
		return p.nested(block, true, body)
	case 1:
		return p.value(2) + p.nested(cond, true, body)
	case 2:
		return p.value(2) + p.nested(cond, true, func() string { return body() + els + body() })
	case 3, 4:
		return p.loop(depth)
	case 5:
		return p.value(2) + p.branch("\x0d")
	case 6:
		return p.value(1) + p.nested(cond, true, func() string { return body() + p.branch("\x0c") + body() })
	case 7:
		return p.table(body)
	case 8:
		return p.value(2) + "\x24\x00"
	}
	return p.value(2) + set(byte(1+p.IntN(3)))
}

// loop counts a local of its own down to the head.
func (p *program) loop(depth int) string {
	counter := byte(4 + p.loops)
	p.loops++
	return i32(int64(1+p.IntN(4))) + set(counter) + p.nested(loop, false, func() string {
		head := p.nested(block, true, func() string { return p.statements(depth - 1) })
		return head + p.value(1) + drop + get(counter) + i32(1) + sub + "\x22" + string([]byte{counter}) + brIf0
	})
}

// branch leads to a label that is open and no loop's, the function's maybe.
func (p *program) branch(op string) string {
	i := p.label()
	if i == len(p.labels)-1 { // the function's label takes a value
		if op == "\x0c" {
			return get(1) + op + string([]byte{byte(i)})
		}
		return get(1) + "\x20\x02" + "\x0d" + string([]byte{byte(i)}) + drop + drop
	}
	return op + string([]byte{byte(i)})
}

func (p *program) label() int {
	for {
		if i := p.IntN(len(p.labels)); p.labels[len(p.labels)-1-i] {
			return i
		}
	}
}

// table is a br_table between the blocks it stands in.
func (p *program) table(body func() string) string {
	return p.nested(block, true, func() string {
		return p.nested(block, true, func() string {
			return p.nested(block, true, func() string { return p.value(1) + "\x0e\x03\x00\x01\x02\x00" }) + body()
		}) + body()
	})
}

// value is an expression of one i32.
func (p *program) value(depth int) string {
	if depth == 0 {
		return get(byte(p.IntN(4)))
	}
	switch p.IntN(9) {
	case 0:
		return i32(int64(p.IntN(5)))
	case 1:
		return p.value(depth-1) + p.value(depth-1) + add
	case 2:
		return p.value(depth-1) + i32(3) + "\x71" // and
	case 3:
		return "\x23\x00"
	case 4:
		return p.call(p.value(depth - 1))
	case 5:
		return i32(0) + "\x28\x02\x00"
	case 6:
		return p.value(depth-1) + p.value(depth-1) + "\x47" // ne
	}
	return get(byte(p.IntN(4)))
}

func (p *program) call(arg string) string {
	callee := p.function + 1 + p.IntN(2)
	switch {
	case callee >= p.functions || p.IntN(3) > 0:
		return arg
	case p.IntN(3) == 0:
		return arg + i32(int64(callee)) + "\x11\x01\x00"
	}
	return arg + call(byte(callee))
}

// TestNoPathIsUnpaid compares the fuel of random programs with the exact sum
// of what ran, which a rewriter that charges each instruction by itself gives.
func TestNoPathIsUnpaid(t *testing.T) {
	var exactly, paid int64
	runtimes := [2]wazero.RuntimeConfig{wazero.NewRuntimeConfigInterpreter(), wazero.NewRuntimeConfigInterpreter()}
	plainHost, exactHost, host := newHost(t, runtimes[0]), newHost(t, runtimes[0]), newHost(t, runtimes[1])
	for seed := range uint64(500) {
		p := &program{Rand: rand.New(rand.NewPCG(seed, 1)), functions: 1 + int(seed%6)}
		binary := p.module().bytes()
		exact, err := meter.Rewrite(binary, meter.Exact(meter.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		plainHost.instantiate(t, binary)
		exactHost.instantiate(t, exact.Module)
		host.instantiate(t, rewrite(t, binary).Module)
		for arg := range uint64(3) {
			want := plainCall(context.Background(), plainHost.module, "f0", arg)
			least, got := exactHost.call(context.Background(), "f0", arg), host.call(context.Background(), "f0", arg)
			if !alike(want, got) || !alike(want, least) {
				t.Fatalf("seed %d: %v, rewritten %v and %v", seed, want, got, least)
			}
			if got.used < least.used {
				t.Fatalf("seed %d: what cost %d was paid with %d", seed, least.used, got.used)
			}
			exactly, paid = exactly+least.used, paid+got.used
		}
		for _, h := range []interface{ Close(context.Context) error }{plainHost.module, exactHost.module, host.module} {
			if err := h.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("what cost %d was paid with %d", exactly, paid)
}
