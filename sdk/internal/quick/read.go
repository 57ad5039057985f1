package quick

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
)

// orNull reads null as nothing at all, as encoding/json does.
func orNull(r read) read {
	return func(s *scanner, to reflect.Value) bool {
		if s.next() == 'n' {
			return s.null()
		}
		return r(s, to)
	}
}

func readRaw(s *scanner, to reflect.Value) bool {
	written, ok := s.raw()
	to.SetBytes(bytes.Clone(written))
	return ok
}

func readString(s *scanner, to reflect.Value) bool {
	var v string
	ok := s.text(&v)
	to.SetString(v)
	return ok
}

func readBool(s *scanner, to reflect.Value) bool {
	v := s.next() == 't'
	to.SetBool(v)
	return s.word(strconv.FormatBool(v))
}

func readInt(s *scanner, to reflect.Value) bool {
	var v int64
	ok := s.integer(&v) && !to.OverflowInt(v)
	to.SetInt(v)
	return ok
}

func readUint(s *scanner, to reflect.Value) bool {
	written, ok := s.numeral()
	if !ok {
		return false
	}
	v, err := strconv.ParseUint(string(written), 10, 64)
	to.SetUint(v)
	return err == nil && !to.OverflowUint(v)
}

func readFloat(s *scanner, to reflect.Value) bool {
	written, ok := s.numeral()
	if !ok {
		return false
	}
	v, err := strconv.ParseFloat(string(written), to.Type().Bits())
	to.SetFloat(v)
	return err == nil && !to.OverflowFloat(v)
}

// readOther has encoding/json read a value within one that is read quickly.
func readOther(s *scanner, to reflect.Value) bool {
	written, ok := s.raw()
	return ok && json.Unmarshal(written, to.Addr().Interface()) == nil
}
