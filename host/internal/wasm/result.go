package wasm

import "github.com/lessee-run/lessee/abi"

// decode reads the result and counts its effects.
func (a *attempt) decode(data []byte) (abi.Result, error) {
	r, err := abi.DecodeResult(data)
	if err != nil {
		return abi.Result{}, err
	}
	if over := a.limits.CheckEffects(r); over != nil {
		return abi.Result{}, over
	}
	a.failed = r.Status == abi.StatusFail || r.Status == abi.StatusRetry
	return r, nil
}

func (a *attempt) tooLong(size int64) *abi.Error {
	return abi.Errorf(abi.CodeLimitOutput, "the result has %d bytes or more, its limit is %d (output_bytes)", size, a.limits.OutputBytes)
}
