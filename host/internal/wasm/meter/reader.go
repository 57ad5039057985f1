package meter

import (
	"fmt"
	"unicode/utf8"
)

// reader reads the binary format between pos and end. The first error sticks,
// and everything after it reads as zero.
type reader struct {
	data     []byte
	pos, end int
	err      *Error
}

func (r *reader) fail(at int, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Offset: at, Reason: fmt.Sprintf(format, args...)}
	}
	r.pos = r.end
}

func (r *reader) more() bool { return r.pos < r.end }

func (r *reader) byte() byte {
	if r.pos >= r.end {
		r.fail(r.pos, "the bytes end in the middle of something")
		return 0
	}
	b := r.data[r.pos]
	r.pos++
	return b
}

// bytes are the next n, and may be kept.
func (r *reader) bytes(n uint64) []byte {
	if n > uint64(r.end-r.pos) {
		r.fail(r.pos, "%d bytes are announced, %d are left", n, r.end-r.pos)
		return nil
	}
	start := r.pos
	r.pos += int(n)
	return r.data[start:r.pos:r.pos]
}

// span takes the next n bytes as a reader of their own.
func (r *reader) span(n uint32) reader {
	start := r.pos
	r.bytes(uint64(n))
	if r.err != nil {
		return reader{data: r.data, pos: start, end: start}
	}
	return reader{data: r.data, pos: start, end: r.pos}
}

// u32 reads unsigned LEB128 of at most 32 bits, as the specification bounds it.
func (r *reader) u32() uint32 {
	if r.pos < r.end && r.data[r.pos] < 0x80 {
		r.pos++
		return uint32(r.data[r.pos-1])
	}
	at := r.pos
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		if shift == 28 {
			v = 1 << 32
		}
	}
	if v > 1<<32-1 {
		r.fail(at, "a number has more than 32 bits")
		return 0
	}
	return uint32(v)
}

// signed reads signed LEB128 of at most the given bits: 32, 33 or 64.
func (r *reader) signed(bits uint) int64 {
	at := r.pos
	var v int64
	for shift := uint(0); shift < bits; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b >= 0x80 {
			continue
		}
		if left := bits - shift; left < 7 && !extends(b, left) {
			break
		}
		if shift < 57 {
			v = v << (57 - shift) >> (57 - shift)
		}
		return v
	}
	r.fail(at, "a number has more than %d bits", bits)
	return 0
}

// extends reports whether the bits of a last byte above those that count only
// repeat the sign.
func extends(b byte, bits uint) bool {
	above := int8(b<<1) >> bits // sign bit and everything above it
	return above == 0 || above == -1
}

// count reads the length of a vector whose elements take at least size bytes.
func (r *reader) count(what string, size, limit int) int {
	at := r.pos
	n := r.u32()
	switch {
	case uint64(n)*uint64(size) > uint64(r.end-r.pos):
		r.fail(at, "%d %s are announced in %d bytes", n, what, r.end-r.pos)
	case uint64(n) > uint64(limit):
		r.fail(at, "%d %s, the host takes up to %d", n, what, limit)
	default:
		return int(n)
	}
	return 0
}

func (r *reader) name() string {
	at := r.pos
	b := r.bytes(uint64(r.u32()))
	if !utf8.Valid(b) {
		r.fail(at, "a name is not UTF-8")
	}
	return string(b)
}

// only reads a byte that must have one value.
func (r *reader) only(want byte, what string) {
	at := r.pos
	if got := r.byte(); got != want && r.err == nil {
		r.fail(at, "%s is %#x, not %#x", what, got, want)
	}
}
