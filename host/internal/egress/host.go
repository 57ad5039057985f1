package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// canonicalHost is the one spelling of a host that everything compares: a name
// in lower case and ASCII without a final dot, or an address as netip writes
// it. Spellings that some reader takes for an address and another for a name are refused.
func canonicalHost(text string) (string, error) {
	if text == "" {
		return "", errors.New("the host is missing")
	}
	if strings.ContainsRune(text, '%') {
		return "", fmt.Errorf("the host %.80q has a zone or an escape: name the host in plain letters", text)
	}
	if strings.ContainsRune(text, ':') {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return "", fmt.Errorf("the host %.80q is no IPv6 address", text)
		}
		return a.Unmap().String(), nil
	}
	name, err := asciiName(text)
	if err != nil {
		return "", err
	}
	if labels := strings.Split(name, "."); numeric(labels[len(labels)-1]) {
		a, err := netip.ParseAddr(name)
		if err != nil {
			return "", fmt.Errorf("the host %.80q is a number, not a name: write an IPv4 address as four decimal numbers without leading zeros", text)
		}
		return a.String(), nil
	}
	return name, nil
}

// asciiName checks the letters of a name, and gives it in lower case and ASCII.
func asciiName(text string) (string, error) {
	name := strings.ToLower(text)
	if !ascii(text) {
		var err error
		if name, err = idna.Lookup.ToASCII(text); err != nil {
			return "", fmt.Errorf("the host %.80q is no internationalised name", text)
		}
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return "", errors.New("the host is longer than 253 bytes, the most that a name can have")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", fmt.Errorf("the host %.80q is no name: labels have 1 to 63 letters, digits, hyphens or underscores", text)
		}
	}
	return name, nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// numeric reports whether the last label of a host makes some readers take it
// for an IPv4 address.
// Source: https://url.spec.whatwg.org/#ends-in-a-number-checker
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// pattern is a host that a grant or a binding names: itself, or its subdomains.
type pattern struct {
	host       string // canonical
	subdomains bool
}

func parsePattern(text string) (pattern, error) {
	name, subdomains := strings.CutPrefix(text, "*.")
	host, err := canonicalHost(name)
	if err != nil {
		return pattern{}, err
	}
	if _, isAddress := netip.ParseAddr(host); subdomains && (isAddress == nil || !strings.Contains(host, ".")) {
		return pattern{}, fmt.Errorf("%q is too wide: after \"*.\" comes a name of at least two labels", text)
	}
	return pattern{host, subdomains}, nil
}

func (p pattern) matches(host string) bool {
	if p.subdomains {
		return strings.HasSuffix(host, "."+p.host)
	}
	return host == p.host
}
