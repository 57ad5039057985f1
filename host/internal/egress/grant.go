package egress

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// rule is a grant that is ready to be asked, with the connections made under it.
type rule struct {
	scheme      string
	host        pattern
	port        int
	methods     []string
	prefix      string
	credentials []string
	transport   *http.Transport
}

// newRule refuses what the database's fn_grants_error refuses, for rows that got past it.
func newRule(g registry.HTTPGrant, resolver *net.Resolver, roots *x509.CertPool) (rule, error) {
	host, err := parsePattern(g.Host)
	if err != nil {
		return rule{}, err
	}
	r := rule{scheme: g.Scheme, host: host, port: g.Port, methods: g.Methods, prefix: g.PathPrefix, credentials: g.Credentials}
	if r.port == 0 {
		r.port = defaultPort(g.Scheme)
	}
	switch {
	case g.Scheme != "http" && g.Scheme != "https":
		return rule{}, fmt.Errorf("scheme %q is neither http nor https", g.Scheme)
	case r.port < 1 || r.port > 65535:
		return rule{}, fmt.Errorf("port %d is not from 1 to 65535", g.Port)
	case len(g.Methods) == 0:
		return rule{}, fmt.Errorf("methods is empty: name those that are allowed, such as GET")
	case slices.ContainsFunc(g.Methods, func(m string) bool { return !methodAllowed(m) }):
		return rule{}, fmt.Errorf("methods %q: they are in upper case, and neither CONNECT nor TRACE", g.Methods)
	case g.PathPrefix != "" && (g.PathPrefix[0] != '/' || doubtful(g.PathPrefix)):
		return rule{}, fmt.Errorf("path_prefix %q does not begin with /, or holds . or .. segments", g.PathPrefix)
	case g.Scheme == "http" && len(g.Credentials) > 0 && g.AllowPrivate.IsZero():
		return rule{}, fmt.Errorf("credentials over plain http would travel readable: use https, or allow_private for a server of your own network")
	}
	r.transport = newTransport(newDialer(g.AllowPrivate, resolver), roots)
	return r, nil
}

// methodAllowed: TRACE answers with the request's own headers, and CONNECT opens a tunnel.
func methodAllowed(m string) bool {
	return m != "" && len(m) <= 32 && strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == "" && m != http.MethodTrace && m != http.MethodConnect
}

func (r rule) allows(method string, t target, credential string) bool {
	return r.scheme == t.scheme && r.port == t.port && r.host.matches(t.host) && slices.Contains(r.methods, method) && r.allowsPath(t.url.Path) &&
		(credential == "" || slices.Contains(r.credentials, credential))
}

// allowsPath compares whole segments. A path that servers read differently is in no prefix.
func (r rule) allowsPath(path string) bool {
	if r.prefix == "" {
		return true
	}
	rest, ok := strings.CutPrefix(path, r.prefix)
	return ok && (rest == "" || strings.HasSuffix(r.prefix, "/") || rest[0] == '/') && !doubtful(path)
}

// doubtful reports whether some server may read a decoded path as another
// one: dot segments, also with parameters or behind backslashes, and escapes
// that are left after decoding.
func doubtful(path string) bool {
	lower := strings.ToLower(path)
	for _, escape := range []string{"%2e", "%2f", "%5c", "%25"} {
		if strings.Contains(lower, escape) {
			return true
		}
	}
	for segment := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// rule finds the first grant that allows a request.
func (c *Client) rule(method string, t target, credential string) (rule, error) {
	for _, r := range c.rules {
		if r.allows(method, t, credential) {
			return r, nil
		}
	}
	with := ""
	if credential != "" {
		with = fmt.Sprintf(" with the credential %.80q", credential)
	}
	return rule{}, abi.Errorf(abi.CodeHTTPDenied, "no http grant of the class allows %.40q on this path of %s%s; if it is meant to, an operator adds it to grants.http of the class row", method, t.origin(), with)
}
