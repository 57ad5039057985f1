package abi

import (
	"bytes"
	"encoding/json"
)

// encode is json.Marshal without HTML escaping: <, > and & stay one byte each,
// because output caps count bytes and nobody pastes an envelope into a page.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
