package wasm

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// A module that is a burden is admitted, or refused in clear words; the others
// go on meanwhile.
func TestAModuleThatIsABurdenStopsNobodyElse(t *testing.T) {
	forever := []byte{0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b} // loop br 0
	itself := []byte{0x10, 4, 0x0b}                       // call 4
	cases := map[string]struct {
		guest guest
		stage string // that refuses it; empty: it is admitted
		says  string
	}{
		"50 MB":                            {guest{extra: slices.Repeat([][]byte{constants(2_500_000 / 19)}, 21)}, "", ""},
		"100,000 functions":                {guest{extra: slices.Repeat([][]byte{constants(1)}, 100_000)}, "", ""},
		"initialisation without end":       {guest{init: forever}, registry.StageStart, "limit_wall: the module was not ready within"},
		"a start function without end":     {guest{init: forever, start: true}, registry.StageStart, "limit_wall: the module was not ready within"},
		"initialisation that recurses":     {guest{init: itself}, registry.StageStart, "limit_stack"},
		"a start function that recurses":   {guest{init: itself, start: true}, registry.StageStart, "limit_stack"},
		"initialisation that takes memory": {guest{init: grows(), pages: 1}, registry.StageStart, "limit_memory"},
	}
	e := newEngine(t, Config{CacheDir: t.TempDir(), LoadTimeout: 10 * time.Minute}) // the race detector is slow
	other := loadInto(t, e)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.guest.version, c.guest.alloc = abi.Version, 1024
			binary := c.guest.assemble()
			var stages []registry.Stage
			while(t, other, func() {
				m, err := e.Load(context.Background(), digestOf(binary), binary, ended(&stages))
				last := stages[len(stages)-1]
				switch {
				case c.stage == "" && err == nil:
					err = m.Close(context.Background())
				case err != nil && last.Name == c.stage && strings.Contains(last.Reason, c.says):
					err = nil
				}
				if err != nil || (c.stage != "") != (last.State == registry.StageFailed) {
					t.Errorf("got %v after %s", err, told(stages))
				}
			})
			t.Logf("%d bytes: %+v", len(binary), stages)
		})
	}
}

// constants is a function body that makes n vectors and drops them: as many
// bytes as can be had for little work.
func constants(n int) []byte {
	one := append([]byte{0xfd, 0x0c}, bytes.Repeat([]byte{7}, 16)...)
	body := append([]byte{0}, bytes.Repeat(append(one, 0x1a), n)...)
	return append(body, 0x0b)
}

// grows asks for a page until it gets none, and traps.
func grows() []byte {
	return []byte{0x03, 0x40, 0x41, 1, 0x40, 0, 0x41, 0, 0x4e, 0x0d, 0, 0x0b, 0x00, 0x0b}
}

// while does something as other runs job after job, of which none may fail.
func while(t *testing.T, other *Module, do func()) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		jobs := 0
		defer func() { stopped <- jobs }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			// what answers nothing at all is told so, by name
			if _, _, err := other.Execute(context.Background(), anyClass(), envelope(t, nil), discard{}); codeOf(t, err) != abi.CodeResultInvalid {
				t.Errorf("the other module: %v", err)
				return
			}
			jobs++
		}
	}()
	do()
	close(stop)
	if jobs := <-stopped; jobs == 0 {
		t.Error("the other module ran no job meanwhile")
	}
}
