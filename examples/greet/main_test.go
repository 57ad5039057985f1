package main

import (
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

func TestGreet_GreetsByName(t *testing.T) {
	if got := sdktest.Run(t, greet, In{Name: "world"}); got.Output != "Hello, world" {
		t.Errorf("it says %q", got.Output)
	}
}

func TestGreet_FailsForGoodWithoutAName(t *testing.T) {
	if got := sdktest.Run(t, greet, In{}); got.Result.Status != abi.StatusFail {
		t.Errorf("status %q", got.Result.Status)
	}
}
