package wasm

import "github.com/lessee-run/lessee/abi"

// decode reads the result and counts its effects.
func (a *attempt) decode(data []byte) (abi.Result, error) {
	r, err := abi.DecodeResult(data)
	if err != nil {
		return abi.Result{}, err
	}
	for _, c := range []struct {
		what  string
		count int
		limit int64
	}{
		{"events", len(r.Events), a.limits.Events},
		{"follow_ups", len(r.Enqueue), a.limits.FollowUps},
		{"commands", len(r.Commands), a.limits.Commands},
	} {
		if int64(c.count) > c.limit {
			return abi.Result{}, abi.Errorf(abi.CodeLimitEffects, "the result holds %d %s, its limit is %d", c.count, c.what, c.limit)
		}
	}
	a.failed = r.Status == abi.StatusFail || r.Status == abi.StatusRetry
	return r, nil
}

func (a *attempt) tooLong(size int64) *abi.Error {
	return abi.Errorf(abi.CodeLimitOutput, "the result has %d bytes or more, its limit is %d (output_bytes)", size, a.limits.OutputBytes)
}
