package conformance

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

// leaves are the values of a report's result by JSON pointer. A run that came
// to no result has one, its error.
func leaves(r author.Report) map[string]string {
	if r.Result == nil {
		return map[string]string{"": errorText(r.Error)}
	}
	data, _ := abi.EncodeResult(*r.Result) // it was decoded from JSON
	out := map[string]string{}
	collect(parse(data), nil, out)
	return out
}

func collect(v any, path []string, out map[string]string) {
	names := memberNames(v)
	if len(names) == 0 {
		text, _ := json.Marshal(v) // it was decoded from JSON
		out[pointer(path)] = string(text)
	}
	for _, name := range names {
		collect(member(v, name), append(slices.Clip(path), name), out)
	}
}

// steady are the leaves that all reports share, and varying the pointers of the others.
func steady(reports []author.Report) (same map[string]string, varying []string) {
	same = leaves(reports[0])
	differs := map[string]bool{}
	for _, r := range reports[1:] {
		now := leaves(r)
		for at := range now {
			if _, known := same[at]; !known {
				differs[at] = true
			}
		}
		for at, value := range same {
			if other, there := now[at]; !there || other != value {
				differs[at] = true
			}
		}
		maps.DeleteFunc(same, func(at, _ string) bool { return differs[at] })
	}
	return same, slices.Sorted(maps.Keys(differs))
}

// difference is the first leaf that is in both and not the same.
func difference(a, b map[string]string) (at string, found bool) {
	for _, at := range slices.Sorted(maps.Keys(a)) {
		if other, there := b[at]; there && other != a[at] {
			return at, true
		}
	}
	return "", false
}
