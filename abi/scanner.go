package abi

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// scanner reads JSON without reflection. It is what makes a call of a Go guest
// cheap: see quickEnvelope and quickResult for the figures.
//
// It takes less than encoding/json does, and nothing that encoding/json does
// not: what it leaves (false) is not wrong yet, it is encoding/json's to judge.
type scanner struct {
	data   []byte
	at     int
	spaces int // skipped so far
}

// maxQuickDepth bounds the scanner's recursion; encoding/json goes deeper.
const maxQuickDepth = 100

// take passes over c, and the white space before it, if that comes next.
func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
}

// pass passes over c, if that is the next byte.
func (s *scanner) pass(c byte) bool {
	if s.at == len(s.data) || s.data[s.at] != c {
		return false
	}
	s.at++
	return true
}

// next is the next byte that is not white space, left where it is; 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.spaces++
		default:
			return c
		}
	}
	return 0
}

// end reports whether nothing but white space is left.
func (s *scanner) end() bool {
	s.next()
	return s.at == len(s.data)
}

// object passes over an object. member reads the value of each key.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		key, ok := s.quoted()
		if !ok || !s.take(':') || !member(key[1:len(key)-1]) {
			return false
		}
		if !s.take(',') {
			return s.take('}')
		}
	}
}

// array passes over an array. element reads each value.
func (s *scanner) array(element func() bool) bool {
	if !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !s.take(',') {
			return s.take(']')
		}
	}
}

// raw passes over any value and returns it as written.
func (s *scanner) raw() ([]byte, bool) {
	s.next()
	from := s.at
	ok := s.value(maxQuickDepth)
	return s.data[from:s.at:s.at], ok
}

func (s *scanner) value(depth int) bool {
	if depth == 0 {
		return false
	}
	switch s.next() {
	case '{':
		return s.object(func([]byte) bool { return s.value(depth - 1) })
	case '[':
		return s.array(func() bool { return s.value(depth - 1) })
	case '"':
		_, ok := s.quoted()
		return ok
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) word(w string) bool {
	if len(s.data)-s.at < len(w) || string(s.data[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// quoted passes over a string and returns it as written, quotes and all.
func (s *scanner) quoted() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	from := s.at - 1
	for {
		s.at += ordinary(s.data[s.at:])
		switch {
		case s.pass('"'):
			return s.data[from:s.at], true
		case !s.escape():
			return nil, false
		}
	}
}

// ordinary is how many bytes data begins with that mean themselves in a string:
// no quote, no backslash, no control character. It looks at eight at a time,
// which takes a fifth of the fuel: Go's loops are dear in WebAssembly.
// Source: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
func ordinary(data []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; at+8 <= len(data); at += 8 {
		word := binary.LittleEndian.Uint64(data[at:])
		quote, backslash := word^'"'*ones, word^'\\'*ones
		found := ((quote-ones)&^quote | (backslash-ones)&^backslash | (word-' '*ones)&^word) & highs
		if found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(data) && data[at] != '"' && data[at] != '\\' && data[at] >= ' ' {
		at++
	}
	return at
}

// escape passes over one escape in a string.
func (s *scanner) escape() bool {
	if _, ok := unicodeEscape(s.data[s.at:]); ok {
		s.at += 6
		return true
	}
	if !s.pass('\\') || s.at == len(s.data) || strings.IndexByte(`"\/bfnrt`, s.data[s.at]) < 0 {
		return false
	}
	s.at++
	return true
}

// number passes over a number.
func (s *scanner) number() bool {
	s.pass('-')
	if !s.pass('0') && !s.digits() {
		return false
	}
	if s.pass('.') && !s.digits() {
		return false
	}
	if !s.pass('e') && !s.pass('E') {
		return true
	}
	if !s.pass('+') {
		s.pass('-')
	}
	return s.digits()
}

// digits passes over one digit or more.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}
