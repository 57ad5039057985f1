package meter_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// immediates are what may follow an opcode: enough zeros, a type, a block.
func immediates() []string {
	return []string{"", "\x00", "\x00\x00", "\x00\x00\x00", repeat("\x00", 4), repeat("\x00", 8), repeat("\x00", 16), "\x40", "\x70", "\x01\x7f", "\x01\x01"}
}

// TestTheTablesHoldWhatTheEngineRuns tries every opcode where the operand stack
// may hold anything. Control is left out: it makes no sense alone.
func TestTheTablesHoldWhatTheEngineRuns(t *testing.T) {
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter())
	defer r.Close(context.Background())
	for _, prefix := range []byte{0, 0xfc, 0xfd} {
		for op := range 256 {
			if prefix == 0 && (op == 0xfc || op == 0xfd || (op >= 0x02 && op <= 0x0f)) {
				continue
			}
			known, _, _ := meter.Known(prefix, byte(op))
			if runs := engineRuns(r, encoded(prefix, byte(op))); runs != known {
				t.Errorf("%#x %#x: the engine runs it: %v; the tables hold it: %v", prefix, op, runs, known)
			}
		}
	}
}

func encoded(prefix, op byte) string {
	switch {
	case prefix == 0:
		return string([]byte{op})
	case op >= 0x80:
		return string([]byte{prefix, op, 1})
	}
	return string([]byte{prefix, op})
}

// everything is a module with one of each for an index to name.
func everything(f fn) wasm {
	w := withMemory(module(f, fn{typ: tNone}), pages1)
	w.tables, w.globals = []string{"\x70\x00\x04"}, []string{"\x7f\x01\x41\x00\x0b"}
	w.elems, w.data = []string{"\x01\x00\x01\x00"}, []string{"\x01\x01a"}
	return w
}

func engineRuns(r wazero.Runtime, op string) bool {
	for _, imm := range immediates() {
		f := fn{typ: tNone, locals: "\x01\x01\x7f", code: trap + op + imm + trap}
		if m, err := r.CompileModule(context.Background(), everything(f).bytes()); err == nil {
			m.Close(context.Background())
			return true
		}
	}
	return false
}

// TestTheTablesKnowTheOperands finds operand types with which the engine takes
// an instruction, and holds the number of operands and results to the tables.
// Then it runs the instruction, as it is and rewritten.
func TestTheTablesKnowTheOperands(t *testing.T) {
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter())
	defer r.Close(context.Background())
	ran := 0
	for _, prefix := range []byte{0, 0xfc, 0xfd} {
		for op := range 256 {
			known, pop, push := meter.Known(prefix, byte(op))
			if !known || (prefix == 0 && (op <= 0x11 || op == 0xd1)) { // control, and a test of references
				continue
			}
			binary := findOperands(r, encoded(prefix, byte(op)), pop, push)
			if binary == nil {
				t.Errorf("%#x %#x: it does not turn %d operands into %d", prefix, op, pop, push)
				continue
			}
			runBoth(t, fmt.Sprintf("%#x %#x", prefix, op), binary)
			ran++
		}
	}
	t.Logf("%d instructions", ran)
}

const valueTypes = "\x7f\x7e\x7d\x7c\x7b\x70"

func constant(typ byte) string {
	return map[byte]string{
		0x7f: i32(3), 0x7e: "\x42\x03", 0x7d: "\x43\x00\x00\xb0\x40", 0x7c: "\x44" + repeat("\x00", 6) + "\x16\x40",
		0x7b: "\xfd\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x70", 0x70: "\xd0\x70",
	}[typ]
}

func findOperands(r wazero.Runtime, op string, pop, push int) []byte {
	total := 1
	for range pop + push {
		total *= len(valueTypes)
	}
	for n := range total {
		code, rest := "", n
		for range pop {
			code += constant(valueTypes[rest%len(valueTypes)])
			rest /= len(valueTypes)
		}
		w := everything(fn{typ: 7, locals: "\x01\x01\x7f"})
		w.types = append(testTypes(), "\x60\x00"+sized(""))
		if push == 1 {
			w.types[7] = "\x60\x00" + sized(string(valueTypes[rest]))
		}
		for _, imm := range immediates() {
			w.funcs[0].code = code + op + imm
			binary := w.bytes()
			if m, err := r.CompileModule(context.Background(), binary); err == nil {
				m.Close(context.Background())
				return binary
			}
		}
	}
	return nil
}

// runBoth runs f0 as it is and rewritten, on both engines.
func runBoth(t *testing.T, name string, binary []byte) {
	t.Helper()
	for engine, config := range configs() {
		plain, metered := newHost(t, config), newMetered(t, config, binary)
		plain.instantiate(t, binary)
		want, got := plainCall(context.Background(), plain.module, "f0"), metered.call(context.Background(), "f0")
		hideReferences(plain.module.ExportedFunction("f0").Definition().ResultTypes(), want, got)
		if !alike(want, got) || got.used == 0 {
			t.Errorf("%s on the %s: %v, rewritten %v", name, engine, want, got)
		}
	}
}
