package wasm

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/meter"
)

// provideTick gives rewritten modules the function that they call when a slice
// of fuel is used up, about every millisecond. It is where a guest that only
// computes is stopped, and where Go's scheduler and collector get their turn.
func provideTick(ctx context.Context, r wazero.Runtime) error {
	i64 := api.ValueTypeI64
	tick := func(ctx context.Context, _ api.Module, stack []uint64) {
		a := attemptFrom(ctx)
		next, err := a.budget.Tick(int64(stack[0]), int64(stack[1]))
		why := a.over(ctx)
		switch {
		case errors.Is(err, meter.ErrDepth):
			a.stop(abi.Errorf(abi.CodeLimitStack, "calls are nested deeper than the limit of %d bytes of stack (stack_bytes)", a.limits.StackBytes))
		case err != nil:
			a.stop(a.outOfFuel())
		case why != nil:
			a.stop(why)
		}
		stack[0] = uint64(next)
	}
	_, err := r.NewHostModuleBuilder(meter.ImportModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(tick), []api.ValueType{i64, i64}, []api.ValueType{i64}).Export(meter.ImportTick).
		Instantiate(ctx)
	return err
}

func (a *attempt) outOfFuel() *abi.Error {
	return abi.Errorf(abi.CodeLimitFuel, "the attempt used up its fuel of %d (fuel)", a.limits.Fuel)
}
