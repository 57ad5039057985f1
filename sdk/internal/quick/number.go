package quick

import "strconv"

// integer reads an integer.
func (s *scanner) integer(to *int64) bool {
	written, ok := s.numeral()
	if !ok {
		return false
	}
	v, err := strconv.ParseInt(string(written), 10, 64)
	*to = v
	return err == nil
}

// numeral passes over a number and returns it as written.
func (s *scanner) numeral() ([]byte, bool) {
	s.next()
	from := s.at
	ok := s.number()
	return s.data[from:s.at], ok
}

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
