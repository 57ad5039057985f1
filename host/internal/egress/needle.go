package egress

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"unicode/utf16"
)

// needle is one way to write the value of a binding.
type needle struct {
	name string // of the binding
	text []byte
}

// needles are the ways to write a secret that a server or a guest takes
// without meaning harm. Somebody who means harm has others; see the package's comment.
func needles(name, secret string) []needle {
	seen := map[string]bool{}
	var out []needle
	for _, part := range parts(secret) {
		for _, text := range spellings(part) {
			if !seen[text] {
				seen[text] = true
				out = append(out, needle{name, []byte(text)})
			}
		}
	}
	return out
}

// parts are the secret, and the password of one that has the form user:password.
func parts(secret string) []string {
	if _, password, ok := strings.Cut(secret, ":"); ok && len(password) >= minSecret {
		return []string{secret, password}
	}
	return []string{secret}
}

func spellings(secret string) []string {
	out := []string{secret, html.EscapeString(secret), hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(url.QueryEscape(secret), "+", "%20")} {
		out = append(out, escaped, lowerEscapes(escaped))
	}
	for _, quoted := range []string{jsonText(secret, true), jsonText(secret, false)} {
		out = append(out, quoted, strings.ReplaceAll(quoted, "/", `\/`))
	}
	out = append(out, inUTF16(secret, binary.LittleEndian), inUTF16(secret, binary.BigEndian))
	return append(append(out, inBase64(base64.RawStdEncoding, secret)...), inBase64(base64.RawURLEncoding, secret)...)
}

func inUTF16(secret string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(secret)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// inBase64 is the secret inside of longer text, at each of the three places
// that it may have in a group of three bytes, without the digits that it shares
// with its neighbours.
func inBase64(enc *base64.Encoding, secret string) []string {
	out := make([]string, 3)
	for before := range out {
		data := append(make([]byte, before), secret...)
		out[before] = enc.EncodeToString(data)[(before*8+5)/6 : len(data)*8/6]
	}
	return out
}

// lowerEscapes writes %2F as %2f, and leaves the rest alone.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], bytes.ToLower(b[i:i+3]))
		}
	}
	return string(b)
}

// jsonText is s inside of a JSON string.
func jsonText(s string, escapeHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if enc.Encode(s) != nil {
		return s
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}
