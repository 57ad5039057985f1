package abi

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

func TestUsage_AppendsWhatEncodingJSONSays(t *testing.T) {
	for bits := range 1 << reflect.TypeFor[Usage]().NumField() {
		var u Usage
		for i := range reflect.TypeFor[Usage]().NumField() {
			if bits>>i&1 == 1 {
				reflect.ValueOf(&u).Elem().Field(i).SetInt([]int64{1, -7, math.MaxInt64, math.MinInt64}[(bits+i)%4])
			}
		}
		want, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.AppendJSON(nil); string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}
