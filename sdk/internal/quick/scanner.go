package quick

import "bytes"

// scanner reads JSON from its front. Each method passes over what it reads, and
// is false when that is not what comes next: then the scanner is of no more use.
type scanner struct {
	data   []byte
	at     int
	depth  int
	spaces int // passed over so far
}

// maxDepth bounds recursion, here and in plans; encoding/json goes deeper.
const maxDepth = 100

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

// end reports whether nothing but white space is left.
func (s *scanner) end() bool {
	s.next()
	return s.at == len(s.data)
}

// object passes over an object. member reads the value of each key; the key is
// as written, without its quotes.
func (s *scanner) object(member func(key []byte) bool) bool {
	return s.list('{', '}', func() bool {
		key, ok := s.quoted()
		return ok && s.take(':') && member(key[1:len(key)-1])
	})
}

// array passes over an array. element reads each value.
func (s *scanner) array(element func() bool) bool { return s.list('[', ']', element) }

func (s *scanner) list(left, right byte, element func() bool) bool {
	if s.depth++; s.depth > maxDepth || !s.take(left) {
		return false
	}
	for more := !s.take(right); more; {
		if !element() {
			return false
		}
		if more = s.take(','); !more && !s.take(right) {
			return false
		}
	}
	s.depth--
	return true
}

// raw passes over any value and returns it as written.
func (s *scanner) raw() ([]byte, bool) {
	s.next()
	from := s.at
	ok := s.value()
	return s.data[from:s.at:s.at], ok
}

func (s *scanner) value() bool {
	switch s.next() {
	case '{':
		return s.object(func([]byte) bool { return s.value() })
	case '[':
		return s.array(s.value)
	case '"':
		_, ok := s.quoted()
		return ok
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.null()
	}
	return s.number()
}

func (s *scanner) null() bool { return s.word("null") }

func (s *scanner) word(w string) bool {
	s.next()
	if !bytes.HasPrefix(s.data[s.at:], []byte(w)) {
		return false
	}
	s.at += len(w)
	return true
}
