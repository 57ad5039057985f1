package abi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// maxPointer bounds a pointer in a message, in bytes.
const maxPointer = 200

// pointerTo is the JSON Pointer (RFC 6901) of the value, or of the member by its
// name, that holds the byte at offset of data, which is valid JSON.
func pointerTo(data []byte, offset int) string {
	way, tokens := pathway{}, json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber()
	for {
		token, err := tokens.Token()
		if err != nil {
			return ""
		}
		way.enter(token)
		if tokens.InputOffset() > int64(offset) {
			return way.String()
		}
		way.leave(token)
	}
}

// pathway leads to the token that was read last.
type pathway []step

// step is an array or an object that is not read to its end.
type step struct {
	array bool
	index int    // of the element, in an array
	key   string // of the member, in an object
	named bool   // the member's name was read, its value was not
}

// enter takes a token that begins or is a value, or names one.
func (w pathway) enter(token json.Token) {
	if len(w) == 0 {
		return
	}
	if in := &w[len(w)-1]; !in.array && !in.named {
		in.key, _ = token.(string)
	}
}

// leave goes on behind the token.
func (w *pathway) leave(token json.Token) {
	switch token {
	case json.Delim('['), json.Delim('{'):
		*w = append(*w, step{array: token == json.Delim('[')})
		return
	case json.Delim(']'), json.Delim('}'):
		*w = (*w)[:len(*w)-1]
	}
	if len(*w) == 0 {
		return
	}
	switch in := &(*w)[len(*w)-1]; {
	case in.array:
		in.index++
	default:
		in.named = !in.named
	}
}

func (w pathway) String() string {
	var b strings.Builder
	for _, in := range w {
		part := strconv.Itoa(in.index)
		if !in.array {
			part = strings.NewReplacer("~", "~0", "/", "~1").Replace(in.key)
		}
		b.WriteString("/" + part)
		if b.Len() > maxPointer {
			return strings.ToValidUTF8(b.String()[:maxPointer], "") + "…"
		}
	}
	return b.String()
}
