package egress

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// redirector answers /to?STATUS=URL with that redirect, and anything else with what it was asked.
func redirector(rw http.ResponseWriter, r *http.Request) {
	for status, to := range r.URL.Query() {
		var code int
		if _, err := fmt.Sscan(status, &code); err == nil {
			rw.Header().Set("Location", to[0])
			rw.WriteHeader(code)
			return
		}
	}
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(rw, "%s %s %q auth=%s cookie=%s type=%s", r.Method, r.URL.Path, body, r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("Content-Type"))
}

func (w *world) follow(method, url string) abi.HTTPResponse {
	w.Helper()
	return w.do(abi.HTTPRequest{Method: method, URL: url, FollowRedirects: true, Body: []byte("body"),
		Headers: map[string][]string{"authorization": {"guest"}, "cookie": {"c=1"}, "content-type": {"text/plain"}}})
}

func TestRedirect_IsTheAnswerUnlessTheGuestAsksOtherwise(t *testing.T) {
	w, url := toServer(t, redirector)
	if r := w.get(url + "/a?302=/b"); r.Status != 302 || r.Headers["location"][0] != "/b" {
		t.Errorf("%+v", r)
	}
	r := w.follow("GET", url+"/a?302=/b")
	w.ok(r, 200, `GET /b "body" auth=guest cookie=c=1 type=text/plain`)
	if r.URL != url+"/b" || w.attempt.Calls() != 3 || len(w.attempt.Records()) != 3 {
		t.Errorf("%s, %d calls", r.URL, w.attempt.Calls())
	}
	if r := w.follow("GET", url+"/a?304=/b"); r.Status != 304 {
		t.Errorf("%+v", r)
	}
}

func TestRedirect_ChangesMethodAndBodyAsHTTPSays(t *testing.T) {
	w, url := toServer(t, redirector)
	const kept, dropped = ` "body" auth=guest cookie=c=1 type=text/plain`, ` "" auth=guest cookie=c=1 type=`
	for _, c := range []struct {
		status       int
		method, want string
	}{
		{301, "POST", "GET /b" + dropped}, {302, "POST", "GET /b" + dropped}, {303, "POST", "GET /b" + dropped}, {303, "PUT", "GET /b" + dropped},
		{301, "PUT", "PUT /b" + kept}, {302, "PUT", "PUT /b" + kept}, {307, "POST", "POST /b" + kept}, {308, "POST", "POST /b" + kept}, {303, "GET", "GET /b" + kept},
	} {
		w.ok(w.follow(c.method, fmt.Sprintf("%s/a?%d=/b", url, c.status)), 200, c.want)
	}
	if r := w.follow("HEAD", url+"/a?303=/b"); r.Status != 200 || len(r.Body) > 0 {
		t.Errorf("%+v", r)
	}
}

func TestRedirect_EveryHopNeedsAGrantOfItsOwn(t *testing.T) {
	w, url := toServer(t, redirector)
	w.grant(nil, grantFor(url, nil),
		grantFor(url, func(g *registry.HTTPGrant) { g.Host, g.AllowPrivate = "public.test", registry.PrivateNets{} }),
		grantFor(url, func(g *registry.HTTPGrant) { g.Host, g.Methods = "read.test", []string{"GET"} }))
	for _, name := range []string{"evil.test", "public.test", "read.test"} {
		w.names.set(name, "127.0.0.1")
	}
	for to, text := range map[string]string{
		at(url, "evil.test"):      "no http grant",
		at(url, "127.0.0.1"):      "no http grant",
		at(url, "public.test"):    "loopback",
		at(url, "read.test"):      "no http grant", // not this method
		"//evil.test/":            "no http grant",
		"http://169.254.169.254/": "no http grant",
		"http://2130706433/":      "no request may have",
		"file:///etc/passwd":      "no request may have",
		"http://u:p@api.test/":    "no request may have",
		"gopher://api.test/":      "no request may have",
	} {
		w.refused(w.follow("POST", url+"/a?307="+to), abi.CodeHTTPDenied, text)
	}
	if n := w.names.questions("evil.test"); n > 0 {
		t.Errorf("evil.test was looked up %d times", n)
	}
}

func TestRedirect_EndsAfterFiveHops(t *testing.T) {
	w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) {
		if n := len(r.URL.Path) - 1; n > 0 {
			http.Redirect(rw, r, "/"+strings.Repeat("x", n-1), http.StatusFound)
		}
	})
	w.ok(w.follow("GET", url+"/xxxxx"), 200, "")
	if w.attempt.Calls() != 6 {
		t.Errorf("%d calls", w.attempt.Calls())
	}
	w.refused(w.follow("GET", url+"/xxxxxx"), abi.CodeHTTPFailed, "more than 5 times")
	w.limits(func(l *abi.Limits) { l.HTTPCalls = 3 })
	_, err := w.try(abi.HTTPRequest{URL: url + "/xxxxx", FollowRedirects: true})
	w.ended(err, abi.CodeLimitHTTPCalls)
}

func TestRedirect_CredentialsStayWithTheirOrigin(t *testing.T) {
	w, url := toServer(t, redirector)
	withAPI := func(g *registry.HTTPGrant) { g.Credentials = []string{"api"} }
	w.names.set("other.test", "127.0.0.1")
	w.bind("api", "a secret of some length", "api.test", "other.test")

	seen := ""
	spy := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Authorization") + r.Header.Get("Cookie")
	})
	for _, to := range []string{at(spy.URL, "other.test"), at(spy.URL, "api.test")} {
		w.grant(nil, grantFor(url, withAPI), grantFor(spy.URL, withAPI), grantFor(spy.URL, func(g *registry.HTTPGrant) { g.Host = "other.test" }))
		r := w.do(abi.HTTPRequest{URL: url + "/a?302=" + to, FollowRedirects: true, Credential: "api", Headers: map[string][]string{"cookie": {"c=1"}}})
		if w.ok(r, 200, ""); seen != "" {
			t.Errorf("to %s: %q went along", to, seen)
		}
		r = w.do(abi.HTTPRequest{URL: url + "/a?302=" + to, FollowRedirects: true, Headers: map[string][]string{"cookie": {"c=1"}, "Authorization": {"guest"}}})
		if w.ok(r, 200, ""); seen != "" {
			t.Errorf("to %s: %q went along", to, seen)
		}
	}
	w.grant(nil, grantFor(spy.URL, withAPI))
	w.ok(w.do(abi.HTTPRequest{URL: at(spy.URL, "api.test"), Credential: "api"}), 200, "")
	if seen != "Bearer a secret of some length" {
		t.Errorf("without a redirect %q came", seen)
	}
}

func TestRedirect_FromHTTPSToHTTPIsRefused(t *testing.T) {
	hits := 0
	plain := serve(t, func(http.ResponseWriter, *http.Request) { hits++ })
	s := httptest.NewTLSServer(http.HandlerFunc(redirector))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	w := newWorld(t)
	w.names.set("example.com", "127.0.0.1")
	named := func(g *registry.HTTPGrant) { g.Host = "example.com" }
	w.grant(roots, grantFor(s.URL, named), grantFor(plain.URL, named))
	w.refused(w.follow("GET", at(s.URL, "example.com")+"/a?302="+at(plain.URL, "example.com")), abi.CodeHTTPDenied, "from https to http")
	if hits > 0 {
		t.Error("the redirect was followed")
	}
	w.ok(w.get(at(plain.URL, "example.com")), 200, "")
}
