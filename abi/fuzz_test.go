package abi

import (
	"reflect"
	"testing"
)

func FuzzDecodeResult(f *testing.F) {
	seed(f, "result/valid/*.json", "result/invalid/*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := DecodeResult(data)
		if err == nil {
			sameResult(t, data)
		}
		if again, err2 := DecodeResult(append([]byte(" "), data...)); !reflect.DeepEqual(got, again) || (err == nil) != (err2 == nil) {
			t.Errorf("%+v, %v; behind a space, and so by the decoder: %+v, %v", got, err, again, err2)
		}
	})
}

func FuzzDecodeEnvelope(f *testing.F) {
	seed(f, "envelope/valid/*.json", "envelope/invalid/*/*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := DecodeEnvelope(data); err == nil {
			sameEnvelope(t, data)
		}
	})
}

func FuzzParseTraceparent(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")
	f.Fuzz(func(t *testing.T, header string) {
		first, ok := ParseTraceparent(header)
		if !ok {
			return
		}
		if again, ok := ParseTraceparent(first.String()); !ok || again != first {
			t.Errorf("%q came back as %+v, %v", first.String(), again, ok)
		}
	})
}

func seed(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		for _, data := range vectors(f, pattern) {
			f.Add(data)
		}
	}
}
