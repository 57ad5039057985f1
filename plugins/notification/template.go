package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"maps"
	"math"
	texttemplate "text/template"

	"github.com/lessee-run/lessee/abi"
)

// maxRendered is the size that a rendered template may have, in bytes.
const maxRendered = 256 << 10

type template interface {
	Execute(w io.Writer, data any) error
}

// text renders a text/template. A value that is missing is an error: nobody wants
// to read <no value>.
func (m *message) text(part, source string, data any) (string, error) {
	t, err := texttemplate.New(part).Option("missingkey=error").Parse(source)
	return m.rendered(part, t, err, data)
}

// html renders an html/template, which escapes data by where it stands.
func (m *message) html(part, source string, data any) (string, error) {
	t, err := htmltemplate.New(part).Option("missingkey=error").Parse(source)
	return m.rendered(part, t, err, data)
}

func (m *message) rendered(part string, t template, err error, data any) (string, error) {
	var b bytes.Buffer
	if err == nil {
		err = t.Execute(&limited{&b, maxRendered}, data)
	}
	if err != nil {
		return "", permanent(codeTemplateFailed, "notice %s, %s: %v", m.notice, part, err)
	}
	return b.String(), nil
}

// limited ends a template that writes too much.
type limited struct {
	to   *bytes.Buffer
	left int
}

var errTooLong = errors.New("it becomes longer than 256 KiB")

func (l *limited) Write(data []byte) (int, error) {
	if l.left -= len(data); l.left < 0 {
		return 0, errTooLong
	}
	return l.to.Write(data)
}

// merged is the data of a notice, with what is different for one recipient.
func merged(common, particular json.RawMessage) (map[string]any, error) {
	all := map[string]any{}
	for _, raw := range []json.RawMessage{common, particular} {
		if len(raw) == 0 {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var part map[string]any
		if err := d.Decode(&part); err != nil {
			return nil, permanent(abi.CodePayloadInvalid, "data is no object: %v", err)
		}
		maps.Copy(all, part)
	}
	return plain(all).(map[string]any), nil
}

// plain makes numbers that templates can compare and print: an integer is no
// 1e+06.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = plain(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = plain(inner)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil && !math.IsInf(f, 0) {
			return f
		}
		return fmt.Sprint(v)
	}
	return v
}
