package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\{([A-Za-z0-9_-]+)\}`)

// checkURL refuses a template in which an argument could choose the server.
func checkURL(template string) error {
	scheme, rest, _ := strings.Cut(template, "://")
	authority := rest[:strings.IndexAny(rest+"/", "/?#")]
	switch {
	case scheme != "http" && scheme != "https" || authority == "":
		return errors.New("url does not begin with https://host")
	case strings.ContainsAny(authority, "{}@"):
		return errors.New("url: arguments can't choose the host: {name} and @ stand after the first /")
	case strings.ContainsAny(variable.ReplaceAllString(rest, ""), "{}#"):
		return errors.New("url holds a fragment, or a brace that is no {name}")
	}
	return nil
}

// fillURL puts arguments into a template: RFC 6570, level 1. A value is one
// segment of the path at most, also for a server that undoes the encoding early.
func fillURL(template string, arguments any) (string, error) {
	fields, _ := arguments.(map[string]any)
	path, query, hasQuery := strings.Cut(template, "?")
	path, err := fill(path, fields, segment)
	if err != nil || !hasQuery {
		return path, err
	}
	query, err = fill(query, fields, func(string) error { return nil })
	return path + "?" + query, err
}

func fill(template string, fields map[string]any, check func(value string) error) (string, error) {
	var failed error
	filled := variable.ReplaceAllStringFunc(template, func(name string) string {
		var value string
		switch field := fields[strings.Trim(name, "{}")].(type) {
		case string:
			value = field
		case json.Number, bool:
			value = fmt.Sprint(field)
		default:
			failed = fmt.Errorf("the argument %s is needed, as text, a number or a boolean", name)
		}
		if err := check(value); err != nil && failed == nil {
			failed = fmt.Errorf("the argument %s %w", name, err)
		}
		return percent(value)
	})
	return filled, failed
}

func segment(value string) error {
	if value == "" {
		return errors.New("is empty")
	}
	for piece := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '/' || r == '\\' || r == ';' }) {
		if piece == "." || piece == ".." {
			return errors.New("holds a dot segment")
		}
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("holds a control character")
	}
	return nil
}

// percent encodes all but the unreserved characters of RFC 3986.
func percent(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
