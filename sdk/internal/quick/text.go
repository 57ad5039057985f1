package quick

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// text reads a string.
func (s *scanner) text(to *string) bool {
	written, ok := s.quoted()
	if !ok {
		return false
	}
	plain := written[1 : len(written)-1]
	if bytes.IndexByte(plain, '\\') >= 0 || !utf8.Valid(plain) {
		*to, ok = unquote(written)
		return ok
	}
	*to = string(plain)
	return true
}

// unquote is apart from text, where it would cost every string an allocation.
func unquote(written []byte) (v string, ok bool) {
	ok = json.Unmarshal(written, &v) == nil
	return v, ok
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
// which takes a third off what the strings of that job cost, and more off long
// ones: a step of a loop is dear in WebAssembly, whatever it does.
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
	if !s.pass('\\') || s.at == len(s.data) {
		return false
	}
	letter := s.data[s.at]
	s.at++
	if letter != 'u' {
		return strings.IndexByte(`"\/bfnrt`, letter) >= 0
	}
	for range 4 {
		if s.at == len(s.data) || strings.IndexByte("0123456789abcdefABCDEF", s.data[s.at]) < 0 {
			return false
		}
		s.at++
	}
	return true
}
