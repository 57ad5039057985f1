package image

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestKeeper_OpensTheFastestWayThatWorks(t *testing.T) {
	keeper, err := Open("")
	noError(t, err)
	noError(t, keeper.Close())
	report := keeper.Report()
	if report.Way == "" || Probe().Way != report.Way {
		t.Fatalf("opened %q, probed %q", report.Way, Probe().Way)
	}
	for i, refusal := range report.Refused {
		if refusal.Way != candidates()[i].way || refusal.Why == nil {
			t.Errorf("refusal %d is of %q: %v", i, refusal.Way, refusal.Why)
		}
	}
	t.Logf("on %s/%s: %s", runtime.GOOS, runtime.GOARCH, report)
}

func TestKeeper_RefusesAWayThatDoesNotExist(t *testing.T) {
	if _, err := Open("magic"); err == nil || !strings.Contains(err.Error(), "magic") {
		t.Fatalf("got %v", err)
	}
}

func TestReport_TellsWhyNotAFasterWay(t *testing.T) {
	r := Report{Way: Copy, Refused: []Refusal{{Dirty, errors.New("no permission")}, {Owned, errors.New("no /proc")}}}
	if got, want := r.String(), "copy (not dirty: no permission; not owned: no /proc)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Report{Way: Dirty}).String(); got != "dirty" {
		t.Errorf("got %q", got)
	}
}
