package registry

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func TestClass_SendsAShareOfFirstAttemptsToTheCandidate(t *testing.T) {
	class := Class{ModuleDigest: "stable", Candidate: Candidate{Digest: "candidate", Percent: 10}}
	tried := 0
	for id := range int64(10_000) {
		if class.For(id, 1).ModuleDigest == "candidate" {
			tried++
		}
		if class.For(id, 2).ModuleDigest != "stable" {
			t.Fatalf("job %d was tried a second time on the candidate", id)
		}
	}
	if tried < 900 || tried > 1100 {
		t.Errorf("%d of 10000 jobs ran on the candidate, want about a tenth", tried)
	}
}

func TestClass_SendsNoneOrAllWhenThePercentSaysSo(t *testing.T) {
	for percent, want := range map[int]string{0: "stable", 100: "candidate"} {
		class := Class{ModuleDigest: "stable", Candidate: Candidate{Digest: "candidate", Percent: percent}}
		for id := range int64(1000) {
			if got := class.For(id, 1).ModuleDigest; got != want {
				t.Fatalf("at %d percent job %d ran on %s", percent, id, got)
			}
		}
	}
}

func TestBounds_NameTheLimitThatIsAboveThem(t *testing.T) {
	limits := abi.DefaultLimits()
	if why := (Bounds{"wall_ms": limits.WallMS, "fuel": limits.Fuel}).Exceeded(limits); why != "" {
		t.Errorf("limits at their bounds: %s", why)
	}
	why := Bounds{"wall_ms": limits.WallMS - 1}.Exceeded(limits)
	if !strings.Contains(why, "limits.wall_ms is 30000, this host has 29999 for it") {
		t.Errorf("it says %q", why)
	}
}

func TestBounds_RefuseWhatCanNotBeMeant(t *testing.T) {
	for key, bounds := range map[string]Bounds{"limits_max.wall": {"wall": 1}, "at least 1": {"wall_ms": 0}} {
		if err := bounds.Check(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v: %v", bounds, err)
		}
	}
	if err := (Bounds{"fuel": 1, "command_ms": 1}).Check(); err != nil {
		t.Error(err)
	}
}

func TestGrants_NameWhatTheModuleWantsInVain(t *testing.T) {
	grants := Grants{Commands: []string{"publish"}}
	if why := grants.Denied(abi.Wants{Commands: []string{"publish"}}); why != "" {
		t.Errorf("all is granted: %s", why)
	}
	why := grants.Denied(abi.Wants{Commands: []string{"publish", "erase"}, Classes: []string{"notify"}})
	if !strings.Contains(why, "grants.classes notify, grants.commands erase") {
		t.Errorf("it says %q", why)
	}
}
