package egress

import "testing"

func TestHost_HasOneSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"api.example.com":         "api.example.com",
		"API.Example.COM":         "api.example.com",
		"api.example.com.":        "api.example.com",
		"localhost":               "localhost",
		"a_b.example":             "a_b.example",
		"bücher.example":          "xn--bcher-kva.example",
		"xn--bcher-kva.example":   "xn--bcher-kva.example",
		"127.0.0.1":               "127.0.0.1",
		"127.0.0.1.":              "127.0.0.1",
		"127。0。0。1":               "127.0.0.1", // what IDNA makes of it is what counts
		"１２７.0.0.1":               "127.0.0.1",
		"::1":                     "::1",
		"0:0:0:0:0:0:0:1":         "::1",
		"::ffff:127.0.0.1":        "127.0.0.1",
		"::ffff:7f00:1":           "127.0.0.1",
		"2001:DB8::A":             "2001:db8::a",
		"0x.example":              "0x.example",
		"1.example":               "1.example",
		"example.x1":              "example.x1",
		"ⓔⓧample.com":             "example.com",
		"xn--fiqs8s.xn--fiqs8s":   "xn--fiqs8s.xn--fiqs8s",
		"sub.domain.example.com.": "sub.domain.example.com",
	} {
		if got, err := canonicalHost(text); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestHost_SpellingsThatReadersDisagreeOnAreRefused(t *testing.T) {
	for _, text := range []string{
		"", ".", "..", "a..b", ".a", "-a.example", "a-.example", "a b", "a/b", "a\\b", "a\x00b", "a@b", "a%2eb", "a:b", "*",
		"2130706433", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01", "017700000001", "0x", "1.2.3.4.5", "256.0.0.1", "1.2.3.0x4", "a.1", "a.0x7f",
		"fe80::1%eth0", "::1%lo", "::ffff:127.1", "1::2::3", "[::1]", "bücher.127.1", "xn--\u00fc.example", "a.example..", "１２７.１",
	} {
		if got, err := canonicalHost(text); err == nil {
			t.Errorf("%q became %q, want a refusal", text, got)
		}
	}
}

func TestPattern_NamesAHostOrItsSubdomains(t *testing.T) {
	for _, c := range []struct {
		pattern, host string
		want          bool
	}{
		{"api.example.com", "api.example.com", true},
		{"API.example.com", "api.example.com", true},
		{"api.example.com", "x.api.example.com", false},
		{"*.example.com", "api.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "badexample.com", false},
		{"*.example.com", "example.com.evil.test", false},
		{"127.0.0.1", "127.0.0.1", true},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil || p.matches(c.host) != c.want {
			t.Errorf("%s and %s: %v, %v", c.pattern, c.host, p.matches(c.host), err)
		}
	}
	for _, text := range []string{"*", "*.", "*.com", "*.*.com", "a.*.com", "*.0.0.1", "*.127.0.0.1", "*.::1", "a*.example.com"} {
		if p, err := parsePattern(text); err == nil {
			t.Errorf("%q is the pattern %+v, want a refusal", text, p)
		}
	}
}
