package quick

import (
	"math"
	"reflect"
	"strconv"
)

// writeFloat writes what surely takes no exponent.
func writeFloat(w *writer, v reflect.Value) bool {
	f := v.Float()
	if size := math.Abs(f); size != 0 && !(1e-5 <= size && size < 1e20) { // NaN too
		return false
	}
	w.to = strconv.AppendFloat(w.to, f, 'f', -1, v.Type().Bits())
	return true
}

// writeOther has encoding/json write a value within one that is written quickly.
func writeOther(w *writer, v reflect.Value) bool {
	if v.CanAddr() {
		v = v.Addr() // its methods may want a pointer
	}
	data, err := encode(v.Interface())
	w.to = append(w.to, data...)
	return err == nil
}
