package meter_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

func TestTheFactsSayWhatASnapshotMustKnow(t *testing.T) {
	plain := withMemory(module(fn{typ: tNone}), pages1)
	with := func(change func(*wasm)) wasm {
		w := plain
		w.tables = []string{"\x70\x00\x04"}
		w.elems = []string{"\x01\x00\x01\x00"}
		change(&w)
		return w
	}
	code := func(s string) wasm { return with(func(w *wasm) { w.funcs = []fn{{typ: tNone, code: s}} }) }
	for name, c := range map[string]struct {
		w    wasm
		want meter.Facts
	}{
		"plain":           {plain, meter.Facts{}},
		"table.set":       {code(i32(0) + "\xd0\x70\x26\x00"), meter.Facts{MutatesTables: true}},
		"table.grow":      {code("\xd0\x70" + i32(0) + "\xfc\x0f\x00" + drop), meter.Facts{MutatesTables: true}},
		"table.init":      {code(i32(0) + i32(0) + i32(0) + "\xfc\x0c\x00\x00"), meter.Facts{MutatesTables: true}},
		"table.get":       {code(i32(0) + "\x25\x00" + drop), meter.Facts{}},
		"elem.drop":       {code("\xfc\x0d\x00"), meter.Facts{DropsElements: true}},
		"data.drop":       {with(func(w *wasm) { w.data, w.funcs = []string{"\x01\x00"}, []fn{{typ: tNone, code: "\xfc\x09\x00"}} }), meter.Facts{PassiveData: 1, UsesSegments: true}},
		"start":           {with(func(w *wasm) { w.start = "\x00" }), meter.Facts{HasStart: true}},
		"exported table":  {with(func(w *wasm) { w.exports = []string{sized("t") + "\x01\x00"} }), meter.Facts{ExportsTable: true}},
		"imported table":  {with(func(w *wasm) { w.imports = []string{sized("m") + sized("t") + "\x01\x70\x00\x01"} }), meter.Facts{ImportsTable: true}},
		"imported memory": {with(func(w *wasm) { w.memory, w.imports = "", []string{sized("m") + sized("t") + "\x02\x00\x01"} }), meter.Facts{ImportsMemory: true}},
		"imported global": {with(func(w *wasm) { w.imports = []string{sized("m") + sized("t") + "\x03\x7f\x01"} }), meter.Facts{ImportsGlobal: true}},
		"globals": {with(func(w *wasm) {
			w.globals = []string{"\x7f\x00\x41\x00\x0b", "\x7e\x01\x42\x00\x0b", "\x7b\x01" + constant(0x7b) + "\x0b"}
		}), meter.Facts{Globals: []meter.Global{{Index: 1, Type: 0x7e, Export: "__lessee_g1"}, {Index: 2, Type: 0x7b, Export: "__lessee_g2"}}}},
	} {
		if got := rewrite(t, c.w.bytes()).Facts; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if (meter.Global{Type: 0x7b}).Plain() || !(meter.Global{Type: 0x7e}).Plain() {
		t.Error("a vector can't be restored, an i64 can")
	}
}

func TestGlobalsAreExportedOnlyWhenAsked(t *testing.T) {
	w := module(fn{typ: tGet, code: "\x23\x01\x41\x01\x6a\x24\x01\x23\x01"})
	w.globals = []string{"\x7f\x00\x41\x05\x0b", "\x7f\x01\x41\x07\x0b"}
	h := newMetered(t, wazero.NewRuntimeConfigCompiler(), w.bytes())
	h.global("__lessee_g1").Set(41)
	if got := h.call(context.Background(), "f0"); got.results[0] != 42 || h.global("__lessee_g1").Get() != 42 {
		t.Errorf("got %v", got.results)
	}
	result, err := meter.Rewrite(w.bytes(), meter.Options{})
	if err != nil || result.Facts.Globals[0].Export != "" {
		t.Errorf("got %+v, %v", result.Facts, err)
	}
}

func TestNamesAreThoseOfTheRewrittenModule(t *testing.T) {
	w := withMemory(module(fn{typ: tNone, code: i32(0) + i32(0) + i32(0) + fill}), pages1)
	w.imports = []string{sized("env") + sized("f") + "\x00\x00"}
	names := "\x03" + "\x00" + sized("imported") + "\x01" + sized("defined") + "\x63" + sized("no such function")
	w.custom = []string{sized("producers") + "x", sized("name") + "\x00" + sized(sized("m")) + "\x01" + sized(names), sized(".debug_info") + "junk"}
	result := rewrite(t, w.bytes())
	want := map[uint32]string{0: "imported", 2: "defined", 3: "__lessee_tick", 4: "__lessee_memory.fill"}
	if !reflect.DeepEqual(result.Names, want) {
		t.Errorf("got %v, want %v", result.Names, want)
	}
	if again, err := meter.Rewrite(result.Module, meter.Options{}); err == nil {
		t.Errorf("a rewritten module is rewritten again: %+v", again.Stats)
	}
}

func TestABadNameSectionMakesNoBadModule(t *testing.T) {
	w := module(fn{typ: tNone})
	w.custom = []string{sized("name") + "\x01\x09\x05\x00"}
	if names := rewrite(t, w.bytes()).Names; names[2] != "__lessee_tick" {
		t.Errorf("got %v", names)
	}
}
