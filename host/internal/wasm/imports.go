package wasm

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
)

// maxNote bounds the note of a progress report, in bytes.
const maxNote = 256

// hostFunction is a function of [abi.ImportModule].
type hostFunction struct {
	sig     string
	params  []api.ValueType
	results []api.ValueType
	call    func(ctx context.Context, a *attempt, m api.Module, stack []uint64)
}

// hostFunctions are those of this version. They find the attempt they belong
// to in the context of the call.
func hostFunctions() map[string]hostFunction {
	i32 := api.ValueTypeI32
	return map[string]hostFunction{
		abi.ImportLog:          {"(i32 i32 i32)->()", []api.ValueType{i32, i32, i32}, nil, hostLog},
		abi.ImportProgress:     {"(i32 i32 i32)->()", []api.ValueType{i32, i32, i32}, nil, hostProgress},
		abi.ImportCancelled:    {"()->(i32)", nil, []api.ValueType{i32}, hostCancelled},
		abi.ImportHTTP:         {"(i32 i32)->(i32)", []api.ValueType{i32, i32}, []api.ValueType{i32}, hostHTTP},
		abi.ImportHTTPResponse: {"(i32 i32)->(i32)", []api.ValueType{i32, i32}, []api.ValueType{i32}, hostHTTPResponse},
	}
}

func provideHostFunctions(ctx context.Context, r wazero.Runtime) error {
	builder := r.NewHostModuleBuilder(abi.ImportModule)
	for name, f := range hostFunctions() {
		call := func(ctx context.Context, m api.Module, stack []uint64) {
			a := attemptFrom(ctx)
			if why := a.over(ctx); why != nil && name != abi.ImportCancelled {
				a.stop(why)
			}
			a.countHostCall()
			f.call(ctx, a, m, stack)
		}
		builder.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(call), f.params, f.results).Export(name)
	}
	_, err := builder.Instantiate(ctx)
	return err
}

// countHostCall ends the attempt when it calls out too often.
func (a *attempt) countHostCall() {
	if a.hostCalls++; a.hostCalls > a.limits.HostCalls {
		a.stop(abi.Errorf(abi.CodeLimitHostCalls, "the attempt called host functions more often than its limit of %d (host_calls)", a.limits.HostCalls))
	}
}

func hostLog(_ context.Context, a *attempt, m api.Module, stack []uint64) {
	level, ptr, n := abi.Level(api.DecodeI32(stack[0])), api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	a.log.charge(int64(n) + 1) // an empty line counts too, or a guest could send them without end
	a.log.line(min(max(level, abi.LevelDebug), abi.LevelError), a.read(m, ptr, n, "log line"))
}

func hostProgress(_ context.Context, a *attempt, m api.Module, stack []uint64) {
	permille, ptr, n := api.DecodeI32(stack[0]), api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	a.progress.report(int(permille), a.read(m, ptr, min(n, maxNote), "progress note"))
}

func hostCancelled(ctx context.Context, a *attempt, _ api.Module, stack []uint64) {
	stack[0] = 0
	if a.over(ctx) != nil {
		stack[0] = 1
	}
}
