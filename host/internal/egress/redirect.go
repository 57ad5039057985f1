package egress

import (
	"net/http"
	"slices"

	"github.com/lessee-run/lessee/abi"
)

const maxRedirects = 5

// next is the request that an answer redirects to; redirected is false for
// one that is final. Grants, addresses and budgets are checked when it is sent.
func (h hop) next(response abi.HTTPResponse) (_ hop, redirected bool, _ error) {
	locations := response.Headers["location"]
	if len(locations) == 0 || !slices.Contains([]int{301, 302, 303, 307, 308}, response.Status) {
		return hop{}, false, nil
	}
	to, err := h.target.url.Parse(locations[0])
	if err != nil {
		return hop{}, true, abi.Errorf(abi.CodeHTTPFailed, "the server redirected to something that is no URL")
	}
	t, err := parseTarget(to.String())
	if err != nil {
		return hop{}, true, abi.Errorf(abi.CodeHTTPDenied, "the server redirected to a URL that no request may have")
	}
	if h.target.scheme == "https" && t.scheme == "http" {
		return hop{}, true, abi.Errorf(abi.CodeHTTPDenied, "the server redirected from https to http: what follows would travel readable")
	}
	next := h.changed(response.Status)
	next.target = t
	if t.origin() != h.target.origin() {
		next.credential = ""
		for _, name := range []string{"Authorization", "Cookie", "Cookie2", "Www-Authenticate"} {
			next.header.Del(name)
		}
	}
	return next, true, nil
}

// changed is the method and body after a redirect.
// Source: RFC 9110, section 15.4
func (h hop) changed(status int) hop {
	next := h
	next.header = h.header.Clone()
	toGet := status == http.StatusSeeOther && h.method != http.MethodHead ||
		(status == http.StatusMovedPermanently || status == http.StatusFound) && h.method == http.MethodPost
	if toGet && h.method != http.MethodGet {
		next.method, next.body = http.MethodGet, nil
		for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-Digest", "Digest", "Last-Modified"} {
			next.header.Del(name)
		}
	}
	return next
}
