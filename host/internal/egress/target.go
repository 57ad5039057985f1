package egress

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

const maxURL = 8 << 10 // bytes

// target is where a request goes: a URL taken apart, and put together again
// from the parts that were checked.
type target struct {
	scheme string // http or https
	host   string // canonical
	port   int
	url    *url.URL // without userinfo and fragment
}

func parseTarget(text string) (target, error) {
	t, err := readTarget(text)
	if err != nil {
		return target{}, abi.Errorf(abi.CodeHTTPInvalid, "the URL can't be used: %v", err)
	}
	return t, nil
}

func readTarget(text string) (target, error) {
	if len(text) > maxURL {
		return target{}, errors.New("it is longer than 8192 bytes")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return target{}, errors.New("it is no URL of the form https://host/path")
	case u.Scheme != "http" && u.Scheme != "https":
		return target{}, errors.New("its scheme is neither http nor https")
	case u.Opaque != "" || u.Host == "":
		return target{}, errors.New("it names no host: write https://host/path")
	case u.User != nil:
		return target{}, errors.New("it holds a user name or password: name a credential instead")
	}
	host, err := canonicalHost(u.Hostname())
	if err != nil {
		return target{}, err
	}
	t := target{scheme: u.Scheme, host: host, port: defaultPort(u.Scheme)}
	if p := u.Port(); p != "" {
		if t.port, err = strconv.Atoi(p); err != nil || t.port < 1 || t.port > 65535 {
			return target{}, errors.New("its port is not from 1 to 65535")
		}
	}
	t.url = &url.URL{Scheme: t.scheme, Host: t.authority(), Path: cmp.Or(u.Path, "/"), RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	return t, nil
}

func defaultPort(scheme string) int {
	if scheme == "http" {
		return 80
	}
	return 443
}

// authority is the host with the port, where that is not the scheme's own.
func (t target) authority() string {
	if t.port != defaultPort(t.scheme) {
		return net.JoinHostPort(t.host, strconv.Itoa(t.port))
	}
	if strings.Contains(t.host, ":") {
		return "[" + t.host + "]"
	}
	return t.host
}

// origin is what a credential belongs to.
func (t target) origin() string {
	return t.scheme + "://" + net.JoinHostPort(t.host, strconv.Itoa(t.port))
}

const maxShown = 512 // bytes; an attempt may have many records

// shown is the URL as records have it: a query may hold what nobody should keep.
func (t target) shown() string {
	u := *t.url
	u.RawQuery, u.ForceQuery = "", false
	text := u.String() // ASCII: what is not is escaped
	return text[:min(len(text), maxShown)]
}
