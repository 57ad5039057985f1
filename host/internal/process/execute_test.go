package process

import (
	"testing"
)

func TestModule_RunsAJobAndTellsWhatItIs(t *testing.T) {
	b := newBench(t, nil)
	m := b.load(program(t, "good"))
	if m.Manifest() == nil || m.Manifest().Name != "good" {
		t.Errorf("manifest: %+v", m.Manifest())
	}
	e := asked{&ear{}}
	out, err := run1(t, m, newClass(nil), object{"log": "a line", "stderr": "a stray line", "progress": 500, "fetch": "https://example.com/", "sleep_ms": 50}, e)
	if err != nil {
		t.Fatal(err)
	}
	if out["said"] != "from https://example.com/" {
		t.Errorf("output: %v", out)
	}
	if !e.heard(`2 msg="a line"`) || !e.heard("a stray line") || len(e.far) != 1 {
		t.Errorf("heard %v, %v", e.lines, e.far)
	}
	ready, reason := m.Ready(newClass(nil))
	t.Log(ready, reason)
	if !ready {
		t.Error("not ready")
	}
}
