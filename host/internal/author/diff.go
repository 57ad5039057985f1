package author

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
)

// Difference is one place where a result is not as expected.
type Difference struct {
	Pointer string          `json:"pointer"`        // JSON Pointer into the result
	Want    json.RawMessage `json:"want,omitempty"` // absent: nothing is expected there
	Got     json.RawMessage `json:"got,omitempty"`  // absent: there is nothing
}

// absent stands for a value that is not there.
type absent struct{}

// compare holds a result against what is expected of it. Parts that are not
// mentioned are not looked at, and neither is what of an error is not.
func compare(expected, got map[string]any) []Difference {
	var d differences
	for _, part := range slices.Sorted(maps.Keys(expected)) {
		want, there := expected[part], valueOf(got, part)
		wantError, isError := want.(map[string]any)
		if gotError, ok := there.(map[string]any); part == "error" && isError && ok {
			for _, key := range slices.Sorted(maps.Keys(wantError)) {
				d.compare([]string{part, key}, wantError[key], valueOf(gotError, key))
			}
			continue
		}
		d.compare([]string{part}, want, there)
	}
	if d != nil && expected["error"] == nil && got["error"] != nil { // whatever was expected, this is why it did not come
		d.compare([]string{"error"}, absent{}, got["error"])
	}
	return d
}

type differences []Difference

func (d *differences) compare(path []string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			d.compareObjects(path, want, got)
			return
		}
	case []any:
		if got, ok := got.([]any); ok {
			d.compareArrays(path, want, got)
			return
		}
	case json.Number:
		if got, ok := got.(json.Number); ok && sameNumber(want, got) {
			return
		}
	default:
		if want == got {
			return
		}
	}
	*d = append(*d, Difference{pointer(path), encoded(want), encoded(got)})
}

func (d *differences) compareObjects(path []string, want, got map[string]any) {
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		d.compare(append(path[:len(path):len(path)], key), valueOf(want, key), valueOf(got, key))
	}
}

func (d *differences) compareArrays(path []string, want, got []any) {
	for i := range max(len(want), len(got)) {
		d.compare(append(path[:len(path):len(path)], strconv.Itoa(i)), elementOf(want, i), elementOf(got, i))
	}
}

func valueOf(object map[string]any, key string) any {
	if v, ok := object[key]; ok {
		return v
	}
	return absent{}
}

func elementOf(array []any, i int) any {
	if i < len(array) {
		return array[i]
	}
	return absent{}
}

// sameNumber compares values, not digits: 1 is 1.0.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	if len(a)+len(b) > 100 { // exponents could make the exact values huge
		return false
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	if errX != nil || errY != nil || x != y {
		return false
	}
	exactX, okX := new(big.Rat).SetString(a.String())
	exactY, okY := new(big.Rat).SetString(b.String())
	return okX && okY && exactX.Cmp(exactY) == 0
}

func encoded(v any) json.RawMessage {
	if _, none := v.(absent); none {
		return nil
	}
	data, _ := json.Marshal(v) // it was JSON
	return data
}
