package main

import (
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

func TestHandle_GreetsByName(t *testing.T) {
	if got := sdktest.Run(t, handle, Input{Name: "world"}); got.Output.Greeting != "Hello, world" {
		t.Errorf("it answers %+v", got.Result)
	}
}

func TestHandle_FailsForGoodWithoutAName(t *testing.T) {
	got := sdktest.Run(t, handle, Input{})
	if got.Result.Status != abi.StatusFail || got.Result.Error.Code != "no_name" {
		t.Errorf("it answers %+v", got.Result)
	}
}
