package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// admit loads a module, and returns its stages as they ended.
func admit(t testing.TB, e *Engine, binary []byte) (*Module, []registry.Stage) {
	t.Helper()
	var stages []registry.Stage
	m, err := e.Load(context.Background(), digestOf(binary), binary, ended(&stages))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m, stages
}

// refused loads a module that must not be admitted.
func refused(t testing.TB, e *Engine, binary []byte) ([]registry.Stage, error) {
	t.Helper()
	var stages []registry.Stage
	_, err := e.Load(context.Background(), digestOf(binary), binary, ended(&stages))
	if err == nil {
		t.Fatal("it was admitted")
	}
	return stages, err
}

// ended collects the stages that have ended.
func ended(stages *[]registry.Stage) func(registry.Stage) {
	return func(s registry.Stage) {
		if s.State != registry.StageRunning {
			*stages = append(*stages, s)
		}
	}
}

func told(stages []registry.Stage) string {
	var out []string
	for _, s := range stages {
		out = append(out, fmt.Sprintf("%s %s", s.Name, s.State))
	}
	return strings.Join(out, ", ")
}

func TestEveryStageIsToldWhenItBeginsAndWhenItEnds(t *testing.T) {
	e, binary := newEngine(t, Config{CacheDir: sharedCache}), withManifest(t, good().assemble(), abi.Manifest{})
	var all []registry.Stage
	m, err := e.Load(t.Context(), digestOf(binary), binary, func(s registry.Stage) { all = append(all, s) })
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context())
	names := []string{
		registry.StageDigest, registry.StageParse, registry.StageManifest, registry.StageMeter,
		registry.StageCompile, registry.StageStart, registry.StageSnapshot, registry.StageSelfTest,
	}
	if len(all) != 2*len(names) {
		t.Fatalf("got %s", told(all))
	}
	for i, name := range names {
		begun, ended := all[2*i], all[2*i+1]
		if begun.Name != name || begun.State != registry.StageRunning || ended.Name != name || ended.State != registry.StagePassed {
			t.Errorf("stage %d: %+v, %+v", i, begun, ended)
		}
	}
}

func TestStagesThatDoNotApplyAreSkippedWithTheReason(t *testing.T) {
	_, stages := admit(t, newEngine(t, Config{CacheDir: sharedCache}), wasmtest.BuildCommand(t, "./testdata/command"))
	const want = "digest passed, parse passed, manifest skipped, meter passed, compile passed, start passed, snapshot skipped, self_test skipped"
	if told(stages) != want {
		t.Errorf("got %s", told(stages))
	}
	for _, s := range stages {
		if (s.State == registry.StageSkipped) != (s.Reason != "") {
			t.Errorf("got %+v", s)
		}
	}
}

func TestAStageThatFailsIsTheLastOneAndNamedInTheError(t *testing.T) {
	future := good()
	future.version = 2
	invalid := good()
	invalid.extra = [][]byte{{0, 0x41, 0, 0x42, 0, 0x6a, 0x1a, 0x0b}} // adds an i64 to an i32
	unknown := good()
	unknown.extra = [][]byte{{0, 0xfe, 0x00, 0x0b}} // an atomic operation
	cases := map[string][]byte{
		registry.StageParse:   []byte("hello"),
		registry.StageMeter:   unknown.assemble(),
		registry.StageCompile: invalid.assemble(),
		registry.StageStart:   future.assemble(),
	}
	for name, binary := range cases {
		t.Run(name, func(t *testing.T) {
			stages, err := refused(t, newEngine(t, Config{CacheDir: sharedCache}), binary)
			last := stages[len(stages)-1]
			if last.Name != name || last.State != registry.StageFailed || err.Error() != name+": "+last.Reason {
				t.Errorf("got %s and %v", told(stages), err)
			}
		})
	}
}

func TestAnAdmissionEndsWithItsContextAtAnyStage(t *testing.T) {
	e, binary := newEngine(t, Config{CacheDir: sharedCache}), wasmtest.Build(t, "./testdata/hostile")
	for _, at := range []string{registry.StageDigest, registry.StageMeter, registry.StageCompile, registry.StageStart, registry.StageSelfTest} {
		t.Run(at, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("the operator went home")
			_, err := e.Load(ctx, digestOf(binary), binary, func(s registry.Stage) {
				if s.Name == at {
					cancel(cause)
				}
			})
			if err == nil || !strings.HasPrefix(err.Error(), at) || !strings.Contains(err.Error(), cause.Error()) {
				t.Errorf("got %v", err)
			}
		})
	}
	for range cap(e.turns) { // what was given up ends soon, and gives back its turn
		e.turns <- struct{}{}
	}
}

func TestAnAdmissionThatTakesTooLongNamesTheStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &admission{module: &Module{engine: &Engine{turns: make(chan struct{}, 1)}}, observe: func(registry.Stage) {}}
		ctx, cancel := context.WithTimeoutCause(t.Context(), DefaultLoadTimeout, errors.New("too long"))
		defer cancel()
		release, freed := make(chan struct{}), false
		err := a.stage(ctx, registry.StageCompile, func(ctx context.Context) error {
			_, err := heavy(ctx, a, registry.StageCompile, func() (int, error) { <-release; return 7, nil }, func(int) { freed = true })
			return err
		})
		if err == nil || freed || len(a.module.engine.turns) != 1 {
			t.Errorf("got %v; freed %v, turns taken %d", err, freed, len(a.module.engine.turns))
		}
		close(release)
		synctest.Wait()
		if !freed || len(a.module.engine.turns) != 0 {
			t.Error("what was given up is not freed when it ends")
		}
	})
}

func TestACompilationWaitsForItsTurn(t *testing.T) {
	e, binary := newEngine(t, Config{CacheDir: sharedCache}), good().assemble()
	for range cap(e.turns) {
		e.turns <- struct{}{}
	}
	var waited []string
	m, err := e.Load(t.Context(), digestOf(binary), binary, func(s registry.Stage) {
		if s.State == registry.StageRunning && s.Reason != "" {
			waited = append(waited, s.Name+": "+s.Reason)
			<-e.turns
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context())
	if !slices.Equal(waited, []string{"meter: waits for another module's compilation"}) {
		t.Errorf("waited for %q", waited)
	}
}

func TestAPanicOfTheCompilerIsAnError(t *testing.T) {
	_, err := bounded(t.Context(), func() (int, error) { panic("out of luck") }, func(int) {})
	if err == nil || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("got %v", err)
	}
}

func TestTheSelfTestSeesWhatIsNotRestored(t *testing.T) {
	for _, way := range image.Ways() {
		t.Run(string(way), func(t *testing.T) {
			m, stages := admit(t, newEngine(t, Config{Restore: way, CacheDir: sharedCache}), wasmtest.Build(t, "./testdata/order"))
			if last := stages[len(stages)-1]; last.Name != registry.StageSelfTest || last.State != registry.StagePassed {
				t.Fatalf("got %+v", stages)
			}
			a := newPreparation()
			i, err := m.ready(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			defer i.close()
			if err := m.snapshot.compare(i); err != nil {
				t.Errorf("a new instance: %v", err)
			}
			i.module.Memory().WriteByte(uint32(m.snapshot.image.Size())-1, 1)
			if err := m.snapshot.compare(i); err == nil {
				t.Error("a byte that differs is not seen")
			}
			if err := m.restoresTo(i); err != nil {
				t.Error(err)
			}
			i.globals[0].Set(i.globals[0].Get() + 1)
			if err := m.snapshot.compare(i); err == nil {
				t.Error("a global that differs is not seen")
			}
		})
	}
}

func TestAModuleWhoseStateCanNotBeRestoredRunsCold(t *testing.T) {
	m, _ := admit(t, newEngine(t, Config{CacheDir: sharedCache}), wasmtest.Build(t, "./testdata/hostile"))
	if err := m.snapshot.image.Close(); err != nil { // what makes keeping an instance fail
		t.Fatal(err)
	}
	a := &admission{module: m, observe: func(registry.Stage) {}}
	why := skipped{}
	if err := a.selfTest(t.Context()); !errors.As(err, &why) || !strings.Contains(why.reason, "can't be restored on this host") {
		t.Errorf("got %v", err)
	}
	if m.Cold() != why.reason {
		t.Errorf("cold because %q", m.Cold())
	}
	for range 2 {
		if got := remembers(t, m, anyClass()); got != `"1"` {
			t.Errorf("counted %s jobs", got)
		}
	}
}
