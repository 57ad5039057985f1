package egress

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// What is accepted is read alike the second time, and by net/url.
func FuzzParseTarget(f *testing.F) {
	for _, text := range []string{"https://api.example.com/v1?q=1#f", "http://127.1/", "http://[::ffff:127.0.0.1]:8080", "https://u:p@h/", "http://%31/", "http://１２７.0.0.1/", "http://h\\@e/", "//h", "http://bücher.example./", "http://0x7f.1:0443//x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parseTarget(text)
		if err != nil {
			return
		}
		again, err := parseTarget(first.url.String())
		if err != nil || again.origin() != first.origin() || again.url.EscapedPath() != first.url.EscapedPath() {
			t.Fatalf("%q became %q, then %q, %v", text, first.url, again.url, err)
		}
		u, err := url.Parse(first.url.String())
		if err != nil || u.User != nil || u.Hostname() != first.host || strings.ContainsAny(first.host, "@/\\%?# \r\n") {
			t.Fatalf("%q became the host %q; %v", text, first.host, err)
		}
		if a, err := netip.ParseAddr(first.host); err == nil && a.String() != first.host {
			t.Fatalf("%q became the address %q", text, first.host)
		}
	})
}
