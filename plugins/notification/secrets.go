package main

import (
	"net/url"
	"strings"
)

// secrets are the credentials that one attempt has looked at.
type secrets struct {
	env  func(string) (string, bool)
	seen []string
}

// get is the value of a variable that the class row binds.
func (s *secrets) get(name string) (string, error) {
	value, ok := s.env(name)
	if !ok || value == "" {
		return "", retry(codeSecretMissing, "the variable %s is not set: bind it in the class row, as in process = {\"secrets\": {%q: \"BINDING\"}}", name, name)
	}
	s.seen = append(append(s.seen, value), strings.Fields(value)...)
	if u, err := url.Parse(value); err == nil && len(u.Path) > 8 { // a server may name the path alone
		s.seen = append(s.seen, u.Path)
	}
	return value, nil
}

// hide takes the values out of a text that will be stored: an error of net/http
// holds the URL, and a server may say again what it was told.
func (s *secrets) hide(text string) string {
	for _, value := range s.seen {
		text = strings.ReplaceAll(text, value, "(secret)")
	}
	return text
}
