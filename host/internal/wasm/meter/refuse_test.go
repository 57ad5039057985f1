package meter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

func TestAModuleIsRefusedWithItsOffsetAndAReason(t *testing.T) {
	code := func(s string) wasm { return module(fn{typ: tNone, code: s}) }
	with := func(change func(*wasm)) wasm {
		w := withMemory(code(nop), pages1)
		change(&w)
		return w
	}
	for reason, w := range map[string]wasm{
		"no global 0":                 code("\x23\x00" + drop), // that would be the fuel
		"no function 1":               code(call(1)),
		"there is no local 0":         code(get(0) + drop),
		"no label 1":                  code("\x0c\x01"),
		"no table 0":                  code(i32(0) + "\x11\x00\x00"),
		"no type 9":                   code(i32(0) + "\x11\x09\x00"),
		"there is no memory":          code(i32(0) + i32(0) + i32(0) + fill),
		"tail calls":                  code("\x12\x00"),
		"exception handling":          code("\x1f\x40\x00" + end),
		"threads":                     code("\xfe\x03\x00"),
		"garbage collection":          code("\xfb\x00\x00"),
		"typed function references":   code("\x14\x00"),
		"0x27 is unknown":             code("\x27"),
		"second byte":                 code("\xfd\x80\x02"), // relaxed SIMD, which the engine would take for something else
		"ends within a block":         code(block),
		"after its end":               code(end + nop),
		"parts between branches":      code(repeat(loop+end, 500_001)),
		"blocks in one another":       code(repeat(block, 50_002)),
		"without an if":               code(block + els + end),
		"needs 1 operands":            code(drop),
		"more than 32 bits":           code("\x41\x80\x80\x80\x80\x80\x00" + drop),
		"more than 50000 locals":      module(fn{typ: tNone, locals: "\x01\xff\xff\xff\xff\x0f\x7f"}),
		"value type 0x63":             module(fn{typ: tNone, locals: "\x01\x01\x63"}),
		"reserved for the host":       with(func(w *wasm) { w.exports = []string{sized("__lessee_g0") + "\x00\x00"} }),
		"imports of lessee_meter":     with(func(w *wasm) { w.imports = []string{sized("lessee_meter") + sized("tick") + "\x00\x00"} }),
		"the host takes up to":        with(func(w *wasm) { w.tables = []string{"\x70\x00" + uleb(1<<27)} }),
		"limits of kind 0x3":          with(func(w *wasm) { w.memory = "\x03\x01\x01" }),
		"no function 7":               with(func(w *wasm) { w.exports = []string{sized("f") + "\x00\x07"} }),
		"no global 2":                 with(func(w *wasm) { w.exports = []string{sized("f") + "\x03\x02"} }),
		"no function 3":               with(func(w *wasm) { w.start = "\x03" }),
		"makes no constant":           with(func(w *wasm) { w.globals = []string{"\x7f\x00\x6a\x0b"} }),
		"no function 5":               with(func(w *wasm) { w.globals = []string{"\x70\x00\xd2\x05\x0b"} }),
		"kind 8 are unknown":          with(func(w *wasm) { w.elems = []string{"\x08\x00\x00"} }),
		"announced in":                with(func(w *wasm) { w.elems = []string{"\x01\x00\xff\xff\xff\xff\x0f"} }),
		"longer than what it holds":   with(func(w *wasm) { w.start = "\x00\x00" }),
		"functions are declared":      with(func(w *wasm) { w.code = []string{sized("\x00\x0b"), sized("\x00\x0b")} }),
		"form of a type":              with(func(w *wasm) { w.types = []string{"\x5e\x00\x00"} }),
		"memory exported":             with(func(w *wasm) { w.exports = []string{sized("m") + "\x02\x01"} }),
		"are announced":               with(func(w *wasm) { w.custom = []string{"\x05a"} }),
		"export kind 4":               with(func(w *wasm) { w.exports = []string{sized("t") + "\x04\x00"} }),
		"import kind 4":               with(func(w *wasm) { w.imports = []string{sized("m") + sized("t") + "\x04\x00\x00"} }),
		"reference type 0x6e":         with(func(w *wasm) { w.tables = []string{"\x6e\x00\x00"} }),
		"mutability 2":                with(func(w *wasm) { w.globals = []string{"\x7f\x02\x41\x00\x0b"} }),
		"data segments of kind 3":     with(func(w *wasm) { w.data = []string{"\x03\x00\x00"} }),
		"a name is not UTF-8":         with(func(w *wasm) { w.exports = []string{sized("\xff") + "\x00\x00"} }),
		"the number of a select's":    code(i32(1) + i32(2) + i32(3) + "\x1c\x81\x00\x7f" + drop),
		"block type":                  code("\x02\x63" + end),
		"an alignment of":             withMemory(code(i32(0)+"\x28\x20\x00"+drop), pages1),
		"the memory of an instructio": withMemory(code("\x3f\x01"+drop), pages1),
	} {
		_, err := meter.Rewrite(w.bytes(), meter.Options{})
		e := (*meter.Error)(nil)
		if !errors.As(err, &e) || !strings.Contains(e.Reason, reason) || e.Offset < 8 {
			t.Errorf("%s: got %v", reason, err)
		}
	}
}

func TestAFileThatIsNoModuleIsRefused(t *testing.T) {
	valid := spinner()
	for name, binary := range map[string][]byte{
		"nothing":         nil,
		"text":            []byte("(module)"),
		"a component":     []byte("\x00asm\x0d\x00\x01\x00"),
		"unknown section": append(valid[:len(valid):len(valid)], 13, 0),
		"a section twice": append(valid[:len(valid):len(valid)], 10, 1, 0),
		"cut off":         valid[:len(valid)-1],
	} {
		if _, err := meter.Rewrite(binary, meter.Options{}); err == nil {
			t.Errorf("%s is taken for a module", name)
		}
	}
}

func TestEveryPrefixOfAModuleIsTakenOrRefusedWithinIt(t *testing.T) {
	w := bulky()
	w.data = []string{"\x01\x01a"}
	whole := w.bytes()
	taken := 0
	for n := range whole {
		_, err := meter.Rewrite(whole[:n], meter.Options{})
		e := (*meter.Error)(nil)
		switch {
		case err == nil:
			taken++ // it ends between two sections
		case !errors.As(err, &e) || e.Offset > n:
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if taken > 3 {
		t.Errorf("%d prefixes are taken for modules", taken)
	}
}
