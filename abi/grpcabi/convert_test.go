package grpcabi

import (
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func TestLimits_TravelUnchanged(t *testing.T) {
	want := abi.DefaultLimits()
	want.Fuel, want.StackBytes, want.InputBytes, want.CommandMS = 0, 0, 0, 0 // the host's business alone
	if got := ToLimits(FromLimits(want)); got != want {
		t.Errorf("%+v came back as %+v", want, got)
	}
}

func TestLevels_TravelUnchanged_AndUnknownOnesAreInfo(t *testing.T) {
	for _, level := range []abi.Level{abi.LevelDebug, abi.LevelInfo, abi.LevelWarn, abi.LevelError} {
		if got := ToLevel(FromLevel(level)); got != level {
			t.Errorf("level %d came back as %d", level, got)
		}
	}
	if got := ToLevel(17); got != abi.LevelInfo {
		t.Errorf("level 17 is %d", got)
	}
}

func TestProgress_IsInThousandths(t *testing.T) {
	for give, want := range map[int]uint32{-1: 0, 500: 500, 2000: 1000} {
		if got := ProgressMessage(give, "").GetProgress().GetPermille(); got != want {
			t.Errorf("%d travels as %d", give, got)
		}
	}
}
