package wasm

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

func TestAGuestAnswersLogsAndReportsProgress(t *testing.T) {
	var heard recorder
	result, usage, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, "behave"), &heard)
	if err != nil || result.Status != abi.StatusOK || string(result.Output) != `"7 false"` {
		t.Fatalf("got %+v, %v", result, err)
	}
	if want := []string{"msg=behaving", "to stderr"}; !slices.Equal(heard.lines, want) {
		t.Errorf("log: %q, want %q", heard.lines, want)
	}
	if !slices.Equal(heard.progress, []int{1000}) || !utf8.ValidString(heard.notes[0]) || len(heard.notes[0]) > maxNote+2 {
		t.Errorf("progress: %v %q", heard.progress, heard.notes)
	}
	if usage.WallUS <= 0 || usage.MemoryBytes < pageSize || usage.OutputBytes == 0 || usage.LogBytes == 0 {
		t.Errorf("usage: %+v", usage)
	}
}

// Left alone, every one of these would run for an hour, or until the machine
// is full, or hand over what nobody asked for.
func TestWhateverAGuestDoesEndsInANamedError(t *testing.T) {
	cases := map[string]struct {
		want   []abi.Code
		limits func(*abi.Limits)
	}{
		"loop":       {[]abi.Code{abi.CodeLimitWall}, wall(soon)},
		"sleep":      {[]abi.Code{abi.CodeLimitWall}, wall(soon)},
		"allocate":   {[]abi.Code{abi.CodeLimitMemory}, nil},
		"recurse":    {[]abi.Code{abi.CodeLimitStack, abi.CodeLimitMemory}, func(l *abi.Limits) { l.MemoryBytes = 16 << 20 }},
		"output":     {[]abi.Code{abi.CodeLimitOutput}, nil},
		"go panic":   {[]abi.Code{abi.CodeGuestTrap}, nil},
		"exit 0":     {[]abi.Code{abi.CodeGuestExit}, nil},
		"exit 3":     {[]abi.Code{abi.CodeGuestExit}, nil},
		"log":        {[]abi.Code{abi.CodeLimitLog}, nil},
		"empty log":  {[]abi.Code{abi.CodeLimitLog}, nil},
		"print":      {[]abi.Code{abi.CodeLimitLog}, nil},
		"events":     {[]abi.Code{abi.CodeLimitEffects}, nil},
		"follow-ups": {[]abi.Code{abi.CodeLimitEffects}, nil},
		"commands":   {[]abi.Code{abi.CodeLimitEffects}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			limits := abi.DefaultLimits()
			if c.limits != nil {
				c.limits(&limits)
			}
			var heard recorder
			_, usage, err := hostile(t).Execute(t.Context(), under(limits), mode(t, name), &heard)
			if code := codeOf(t, err); !slices.Contains(c.want, code) {
				t.Fatalf("got %v, want one of %v", err, c.want)
			}
			if usage.MemoryBytes > limits.MemoryBytes || usage.LogBytes > limits.LogBytes || size(heard.lines) > limits.LogBytes {
				t.Errorf("more was used than the limits %+v allow: %+v", limits, usage)
			}
		})
	}
}

func TestAPanicOfTheHandlerIsTheSDKsToTell(t *testing.T) {
	result, _, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, "panic"), &recorder{})
	if err != nil || result.Status != abi.StatusRetry || result.Error.Code != abi.CodeGuestTrap || !strings.Contains(result.Error.Message, "on purpose") {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestASuddenEndIsToldWithTheGuestsLastWords(t *testing.T) {
	for name, want := range map[string][]string{"exit 3": {"code 3", "three of three"}, "go panic": {"trapped", "panic: in a goroutine"}} {
		_, _, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, name), &recorder{})
		for _, word := range want {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q is not in: %v", name, word, err)
			}
		}
	}
}

func TestALineWithoutEndIsCut(t *testing.T) {
	var heard recorder
	if _, _, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, "one line"), &heard); err != nil {
		t.Fatal(err)
	}
	if len(heard.lines) < 2 || size(heard.lines) != 20<<10 {
		t.Errorf("%d lines of %d bytes", len(heard.lines), size(heard.lines))
	}
}

func TestAFloodOfProgressIsThinnedButItsLastReportArrives(t *testing.T) {
	var heard recorder
	began := time.Now()
	if _, _, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, "progress"), &heard); err != nil {
		t.Fatal(err)
	}
	if most := 2 + int(time.Since(began)/progressInterval); len(heard.progress) > most {
		t.Errorf("%d reports, at most %d were due", len(heard.progress), most)
	}
	if last := len(heard.progress) - 1; heard.progress[last] != 1000 || heard.notes[last] != "100000" {
		t.Errorf("the last report is %d %q", heard.progress[last], heard.notes[last])
	}
}

func TestAGuestSeesNothingOfTheHost(t *testing.T) {
	t.Setenv("LESSEE_SECRET", "visible")
	result, _, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, "peek"), &recorder{})
	if err != nil || string(result.Output) != `"0 0"` {
		t.Errorf("got %s, %v", result.Output, err)
	}
}

func TestAnInstanceRemembersNothingOfTheOneBefore(t *testing.T) {
	for range 3 {
		result, _, err := hostile(t).Execute(t.Context(), anyClass(), mode(t, "remember"), &recorder{})
		if err != nil || string(result.Output) != `"1"` {
			t.Fatalf("got %s, %v", result.Output, err)
		}
	}
}

func TestACancelledAttemptEndsWithTheCallersCause(t *testing.T) {
	cases := map[string]struct {
		cause error
		want  abi.Code
	}{
		"a named cause":  {abi.Errorf(abi.CodeCancelled, "an operator cancelled the job"), abi.CodeCancelled},
		"a wrapped one":  {fmt.Errorf("stop: %w", abi.Errorf(abi.CodeCancelled, "x")), abi.CodeCancelled},
		"no cause":       {nil, abi.CodeInterrupted},
		"already at the": {context.DeadlineExceeded, abi.CodeLimitWall},
	}
	for name, c := range cases {
		for _, misdeed := range []string{"loop", "sleep"} {
			t.Run(name+" "+misdeed, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(50*time.Millisecond, func() { cancel(c.cause) })
				defer timer.Stop()
				_, _, err := hostile(t).Execute(ctx, anyClass(), mode(t, misdeed), &recorder{})
				if code := codeOf(t, err); code != c.want {
					t.Errorf("got %v, want %s", err, c.want)
				}
			})
		}
	}
}

func TestAnAttemptThatIsOverBeforeItBeginsRunsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var heard recorder
	_, usage, err := hostile(t).Execute(ctx, anyClass(), mode(t, "behave"), &heard)
	if codeOf(t, err) != abi.CodeInterrupted || usage.MemoryBytes != 0 || len(heard.lines) != 0 {
		t.Errorf("got %v, %+v", err, usage)
	}
}

func TestAModuleThatStartsAboveTheLimitIsNotStarted(t *testing.T) {
	limits := abi.DefaultLimits()
	limits.MemoryBytes = pageSize
	_, _, err := hostile(t).Execute(t.Context(), under(limits), mode(t, "behave"), &recorder{})
	if codeOf(t, err) != abi.CodeLimitMemory {
		t.Errorf("got %v", err)
	}
}

func TestTheHostGoesOnWhileEverySlotIsHeldByAHostileGuest(t *testing.T) {
	m := hostile(t)
	limits := abi.DefaultLimits()
	wall(time.Second)(&limits)
	var slots sync.WaitGroup
	for _, misdeed := range []string{"loop", "allocate", "recurse", "loop", "print", "loop"} {
		slots.Go(func() {
			_, _, err := m.Execute(t.Context(), under(limits), mode(t, misdeed), &recorder{})
			if err == nil {
				t.Errorf("%s came back with a result", misdeed)
			}
		})
	}
	done := make(chan struct{})
	go func() { slots.Wait(); close(done) }()
	go collectUntil(done)
	if gap := longestGap(done); gap > time.Second {
		t.Errorf("the heartbeat paused for %s", gap)
	}
}

// collectUntil makes the collector stop the world again and again: a guest
// that can't be interrupted would stop everybody with it.
func collectUntil(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
			runtime.GC()
		}
	}
}

// longestGap is the longest pause of a heartbeat until done.
func longestGap(done <-chan struct{}) (longest time.Duration) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for last := time.Now(); ; last = time.Now() {
		select {
		case <-done:
			return max(longest, time.Since(last))
		case <-ticker.C:
			longest = max(longest, time.Since(last))
		}
	}
}

func TestAStoppedGuestLeavesNoGoroutineBehind(t *testing.T) {
	m := hostile(t)
	before := goleak.IgnoreCurrent()
	limits := abi.DefaultLimits()
	wall(soon)(&limits)
	for _, misdeed := range []string{"loop", "sleep", "exit 3", "log"} {
		if _, _, err := m.Execute(t.Context(), under(limits), mode(t, misdeed), &recorder{}); err == nil {
			t.Errorf("%s came back with a result", misdeed)
		}
	}
	goleak.VerifyNone(t, before)
}

func TestOneModuleRunsManyAttemptsAtOnce(t *testing.T) {
	m := hostile(t)
	var slots sync.WaitGroup
	for range 8 {
		slots.Go(func() {
			result, _, err := m.Execute(t.Context(), anyClass(), mode(t, "behave"), &recorder{})
			if err != nil || result.Status != abi.StatusOK {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
	slots.Wait()
}

func TestAnswersThatAreNoneAreNamed(t *testing.T) {
	cases := map[string]struct {
		guest guest
		want  abi.Code
	}{
		"a pointer past the end":  {guest{execute: abi.Pack(1<<31, 16)}, abi.CodePointerInvalid},
		"a length past the end":   {guest{execute: abi.Pack(pageSize-1, 2)}, abi.CodePointerInvalid},
		"a sum that wraps around": {guest{execute: abi.Pack(1<<32-8, 16)}, abi.CodePointerInvalid},
		"a hundred megabytes":     {guest{execute: abi.Pack(0, 100<<20)}, abi.CodeLimitOutput},
		"nothing":                 {guest{}, abi.CodeResultInvalid},
		"no JSON":                 {guest{execute: abi.Pack(16, 5), data: "hello"}, abi.CodeResultInvalid},
		"no room at all":          {guest{alloc: -1}, abi.CodeLimitMemory},
		"room outside the memory": {guest{alloc: pageSize - 1}, abi.CodePointerInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.guest.version = abi.Version
			switch c.guest.alloc {
			case 0:
				c.guest.alloc = 1024
			case -1:
				c.guest.alloc = 0
			}
			_, _, err := load(t, c.guest.assemble()).Execute(t.Context(), anyClass(), envelope(t, nil), &recorder{})
			if code := codeOf(t, err); code != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestACommandAnswersOnStdout(t *testing.T) {
	m := load(t, wasmtest.BuildCommand(t, "./testdata/command"))
	if m.ABI() != ContractCommand {
		t.Fatalf("contract %s", m.ABI())
	}
	cases := map[string]struct {
		status abi.Status
		code   abi.Code // of the result's error or of Execute's
		says   string
	}{
		"ok":     {abi.StatusOK, "", ""},
		"retry":  {abi.StatusRetry, abi.CodeGuestExit, "code 75: busy"},
		"fail":   {abi.StatusFail, abi.CodeGuestExit, "code 4: mode fail"},
		"silent": {"", abi.CodeResultInvalid, "no result"},
		"output": {"", abi.CodeLimitOutput, "limit is 1048576"},
		"loop":   {"", abi.CodeLimitWall, "longer than"},
	}
	limits := abi.DefaultLimits()
	wall(2 * time.Second)(&limits)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var heard recorder
			result, _, err := m.Execute(t.Context(), under(limits), mode(t, name), &heard)
			if err == nil && result.Error != nil {
				err = result.Error
			}
			if result.Status != c.status || codeOf(t, err) != c.code || (err != nil && !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %+v, %v", result, err)
			}
			if len(heard.lines) == 0 || heard.lines[0] != "mode "+name || heard.levels[0] != abi.LevelInfo {
				t.Errorf("log: %q", heard.lines)
			}
		})
	}
}

func TestThePluginOfTheSDKRunsAsACommandToo(t *testing.T) {
	m := load(t, wasmtest.BuildCommand(t, "./testdata/hostile"))
	result, _, err := m.Execute(t.Context(), anyClass(), mode(t, "behave"), &recorder{})
	if err != nil || m.ABI() != ContractCommand || string(result.Output) != `"7 false"` {
		t.Errorf("got %+v, %v", result, err)
	}
}

func wall(d time.Duration) func(*abi.Limits) {
	return func(l *abi.Limits) { l.WallMS = d.Milliseconds() }
}

func size(lines []string) (n int64) {
	for _, line := range lines {
		n += int64(len(line))
	}
	return n
}
