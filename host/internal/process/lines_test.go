package process

import (
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
)

func TestLines_AreReadOneByOneAndCut(t *testing.T) {
	var got []string
	var dropped []int64
	readLines(strings.NewReader("one\r\n\ntwo\xff\x00\n"+strings.Repeat("x", lineBytes+10)+"\nlast"), func(text string, n int64) {
		got, dropped = append(got, text), append(dropped, n)
	})
	if len(got) != 5 || got[0] != "one" || got[1] != "" || got[2] != "two\uFFFD\uFFFD" || len(got[3]) != lineBytes || got[4] != "last" {
		t.Errorf("%.40q", got)
	}
	if dropped[3] != 10 || dropped[4] != 0 {
		t.Errorf("dropped: %v", dropped)
	}
}

func TestLines_OfHclogKeepLevelAndFields(t *testing.T) {
	for text, want := range map[string]line{
		`{"@level":"warn","@message":"slow","@timestamp":"x","took":3,"at":"here"}`: {abi.LevelWarn, "slow at=here took=3"},
		`{"@level":"trace","@message":"m"}`:                                         {abi.LevelDebug, "m"},
		`{"level":"error"}`:                                                         {abi.LevelInfo, `{"level":"error"}`},
		"panic: no":                                                                 {abi.LevelError, "panic: no"},
		"plain":                                                                     {abi.LevelInfo, "plain"},
	} {
		if got := parse(text); got != want {
			t.Errorf("%s reads as %+v", text, got)
		}
	}
}

func TestTail_PrefersTheLineThatSaysWhatKilled(t *testing.T) {
	var last tail
	for _, text := range []string{"a", "fatal error: out of memory", strings.Repeat("goroutine\n", 50)} {
		last.add(text)
	}
	if last.String() != "fatal error: out of memory" {
		t.Errorf("%q", last.String())
	}
}

func TestCircuit_WaitsLongerAndOpensWhenItsBudgetIsSpent(t *testing.T) {
	var c circuit
	now := time.Unix(1_000_000, 0)
	var waits []time.Duration
	for range crashBudget {
		c.died(now, "of this")
		_, left := c.closed(now)
		waits = append(waits, left)
	}
	if waits[0] != firstBackoff || waits[1] != 2*firstBackoff || waits[crashBudget-1] != firstOpen || !c.open {
		t.Errorf("it waits %v, open %t", waits, c.open)
	}
	now = now.Add(firstOpen)
	if ok, _ := c.closed(now); !ok {
		t.Error("no trial is allowed")
	}
	c.died(now, "again")
	if _, left := c.closed(now); left != 2*firstOpen {
		t.Errorf("after a trial that failed it waits %s", left)
	}
	c.worked()
	if ok, _ := c.closed(now); !ok || c.open || c.String() != "" {
		t.Errorf("after a job it is %+v", c)
	}
}

func TestCircuit_ForgetsDeathsOfLongAgo(t *testing.T) {
	var c circuit
	now := time.Unix(1_000_000, 0)
	for range 3 * crashBudget {
		c.died(now, "of this")
		now = now.Add(crashWindow / 3)
	}
	if c.open {
		t.Error("it opened for deaths that were far apart")
	}
}
