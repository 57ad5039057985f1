package worker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

func TestFronts_SayWhoSurveysAndWhen(t *testing.T) {
	synctest.Test(t, whoSurveysAndWhen) // where time stands still
}

func whoSurveysAndWhen(t *testing.T) {
	f := fronts{changed: make(chan struct{}, 1)}
	some := []job.Job{{ID: 1, Class: "a"}}
	begin := func(samples int) {
		if got := f.begin(); got != samples {
			t.Errorf("a survey takes %d samples first, want %d", got, samples)
		}
	}
	for _, c := range []struct {
		what   string
		does   func()
		beside time.Duration // after the last one, for the survey beside the claims; 0: none
		claims bool          // it is time for one of the claim loop
		woken  bool          // the survey loop is
	}{
		{"at first", func() {}, 0, false, false},
		{"claims that find nothing", func() { f.note(nil, nil, false, time.Millisecond) }, 0, false, false},
		{"a slow one that finds nothing", func() { f.note(nil, nil, false, time.Second) }, 0, false, false},
		{"a short line", func() { f.note(some, nil, false, 0) }, surveyShort, false, true},
		{"more of it", func() { f.note(some, nil, false, 0) }, surveyShort, false, false},
		{"a line that was surveyed", func() { begin(2) }, 0, false, false},
		{"a slow claim of it", func() { f.note(nil, nil, false, time.Second) }, surveyIdle, false, true},
		{"an idle line that was surveyed", func() { begin(0) }, 0, false, false},
		{"a long one", func() { f.note(some, nil, true, 0); time.Sleep(surveyLong) }, 0, true, false},
		{"a long one that was surveyed", func() { begin(0) }, 0, false, false},
		{"more of it", func() { f.note(some, nil, true, 0) }, 0, false, false},
		{"as often refused as not, in its time", func() { f.refuse(); time.Sleep(surveyLong) }, 0, false, false},
		{"and in twice that", func() { time.Sleep(surveyLong) }, 0, true, false},
		{"one that was surveyed then", func() { begin(0) }, 0, false, false},
		{"without refusals", func() { f.note(some, nil, true, 0); time.Sleep(surveyLong) }, 0, true, false},
		{"a long one that ends", func() { f.note(nil, nil, false, 0) }, surveyShort, false, true},
	} {
		c.does()
		if in, wanted := f.next(); wanted != (c.beside > 0) || wanted && in != time.Until(f.at.Add(c.beside)) {
			t.Errorf("%s: the next survey is in %s (%t), want %s after the last one", c.what, in, wanted, c.beside)
		}
		if got := f.dueLong(); got != c.claims {
			t.Errorf("%s: the claim loop surveys: %t", c.what, got)
		}
		select {
		case <-f.changed:
			if !c.woken {
				t.Errorf("%s: the survey loop is woken for nothing", c.what)
			}
		default:
			if c.woken {
				t.Errorf("%s: the survey loop is not woken", c.what)
			}
		}
	}
}
