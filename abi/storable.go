package abi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What jsonb takes is less than what is JSON. A result that the database can't
// store must be refused before it is committed, because a batch of outcomes
// travels as one value and falls with its worst member.
const (
	maxDepth    = 500    // jsonb_in recurses, and its stack ends after some thousand levels
	maxNumber   = 1_000  // bytes of a number as written
	maxExponent = 10_000 // numeric ends at 10^131072 and at 16,383 decimals
)

// storable reports the first thing in data, which is valid JSON, that jsonb
// would refuse, and where it is.
// Source: https://www.postgresql.org/docs/current/datatype-json.html
func storable(data []byte) error {
	if !utf8.Valid(data) {
		return misplaced(errors.New("it is not valid UTF-8"), data, invalidAt(data))
	}
	depth := 0
	for i := 0; i < len(data); {
		size, err := 1, error(nil)
		switch c := data[i]; {
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				err = fmt.Errorf("it is nested deeper than %d levels", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		case c == '"':
			size, err = storableString(data[i:])
		case c == '-' || ('0' <= c && c <= '9'):
			size, err = storableNumber(data[i:])
		}
		if err != nil {
			return misplaced(err, data, i)
		}
		i += size
	}
	return nil
}

func misplaced(err error, data []byte, offset int) error {
	return fmt.Errorf("%w, at %s", err, clean(pointerTo(data, offset)))
}

// clean makes a pointer fit for a message, which is stored too.
func clean(pointer string) string { return strings.ReplaceAll(pointer, "\x00", "") }

// invalidAt is the offset of the first byte that is no UTF-8.
func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// storableString checks the string that data begins with, and returns its size.
func storableString(data []byte) (int, error) {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i + 1, nil
		case '\\':
			r, size := unescape(data[i:])
			if r == 0 {
				return 0, errors.New(`a string holds \u0000`)
			}
			if utf16.IsSurrogate(r) {
				return 0, fmt.Errorf(`a string holds half of a surrogate pair, \u%04x`, r)
			}
			i += size - 1
		}
	}
	return len(data), nil
}

// unescape reads the escape that data begins with. For one that is not \u it
// returns the character after the backslash.
func unescape(data []byte) (r rune, size int) {
	first, ok := unicodeEscape(data)
	if !ok {
		return rune(data[1]), 2
	}
	if utf16.IsSurrogate(first) && len(data) > 6 {
		if second, ok := unicodeEscape(data[6:]); ok && utf16.DecodeRune(first, second) != utf8.RuneError {
			return utf16.DecodeRune(first, second), 12
		}
	}
	return first, 6
}

func unicodeEscape(data []byte) (rune, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return rune(v), err == nil
}

// storableNumber checks the number that data begins with, and returns its size.
func storableNumber(data []byte) (int, error) {
	size, exponent := 0, -1
	for ; size < len(data) && numeric(data[size]); size++ {
		if data[size]|0x20 == 'e' {
			exponent = size + 1
		}
	}
	if size > maxNumber {
		return 0, fmt.Errorf("a number is longer than %d digits", maxNumber)
	}
	if exponent > 0 {
		if v, err := strconv.Atoi(string(data[exponent:size])); err != nil || v > maxExponent || v < -maxExponent {
			return 0, fmt.Errorf("the exponent of %.40s is beyond %d", data[:size], maxExponent)
		}
	}
	return size, nil
}

func numeric(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c|0x20 == 'e'
}
