package egress

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

func TestDial_AnAddressThatTheGrantDoesNotReachIsRefused(t *testing.T) {
	hits := 0
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) { hits++ })
	w.grant(nil, grantFor(url, func(g *registry.HTTPGrant) { g.AllowPrivate = registry.PrivateNets{} }))
	for answer, text := range map[string]string{"127.0.0.1": "loopback", "::1": "loopback", "::ffff:127.0.0.1": "loopback", "10.1.2.3": "private", "169.254.169.254": "metadata",
		"fe80::1": "link-local", "64:ff9b::7f00:1": "loopback", "2002:7f00:1::": "loopback", "0.0.0.0": "unspecified", "224.0.0.1": "multicast", "100.64.0.1": "carrier"} {
		w.names.set("api.test", answer)
		w.refused(w.get(url), abi.CodeHTTPDenied, text)
	}
	if hits > 0 {
		t.Errorf("%d requests reached the server", hits)
	}
}

func TestDial_OneAddressThatIsNotReachedSpoilsTheName(t *testing.T) {
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, answer := range []string{"127.0.0.1 127.0.0.2", "127.0.0.2 127.0.0.1"} {
		w.names.set("api.test", answer)
		w.refused(w.get(url), abi.CodeHTTPDenied, "127.0.0.2 is a loopback address")
	}
}

func TestDial_TheSocketsOwnAddressIsCheckedAgain(t *testing.T) {
	d := newDialer(nets("127.0.0.1/32"), nil)
	if err := d.control(t.Context(), "tcp4", "127.0.0.1:80", nil); err != nil {
		t.Error(err)
	}
	for _, address := range []string{"127.0.0.2:80", "[::1]:80", "[fe80::1%lo]:80", "localhost:80"} {
		if d.control(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("%s is connected to", address)
		}
	}
}

func TestDial_AllowPrivateDoesNotReachMetadataAddresses(t *testing.T) {
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, allow := range []registry.PrivateNets{{All: true}, nets("169.254.0.0/16", "0.0.0.0/1", "128.0.0.0/1")} {
		w.grant(nil, grantFor(url, func(g *registry.HTTPGrant) { g.AllowPrivate = allow }))
		w.names.set("api.test", "169.254.169.254")
		w.refused(w.get(url), abi.CodeHTTPDenied, "metadata")
	}
}

// The name answers with a granted address first, and with another one from the
// second question on.
func TestDial_TheAddressThatWasCheckedIsTheOneThatIsDialled(t *testing.T) {
	w, url := toServer(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Connection", "close")
		fmt.Fprint(rw, "the right one")
	})
	trap := listenOn(t, "127.0.0.2", url)
	w.names.set("api.test", "127.0.0.1", "127.0.0.2")
	w.ok(w.get(url), 200, "the right one")
	if n := w.names.questions("api.test"); n != 1 {
		t.Errorf("the name was looked up %d times for one connection", n)
	}
	w.refused(w.get(url), abi.CodeHTTPDenied, "loopback") // a new connection, a new check
	if trap.Load() > 0 {
		t.Error("an unchecked address was connected to")
	}
}

func TestDial_TheSecondRequestOfAConnectionIsCheckedLikeTheFirst(t *testing.T) {
	connections, paths := map[string]bool{}, []string{}
	w, url := toServer(t, func(_ http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		paths = append(paths, r.Method+" "+r.URL.Path)
	})
	w.grant(nil,
		grantFor(url, func(g *registry.HTTPGrant) { g.PathPrefix = "/open" }),
		grantFor(url, func(g *registry.HTTPGrant) { g.PathPrefix, g.AllowPrivate = "/public", registry.PrivateNets{} }))
	w.ok(w.get(url+"/open"), 200, "")
	w.refused(w.get(url+"/closed"), abi.CodeHTTPDenied, "no http grant")
	w.refused(w.do(abi.HTTPRequest{Method: "DELETE", URL: url + "/open"}), abi.CodeHTTPDenied, "no http grant")
	w.refused(w.get(url+"/public"), abi.CodeHTTPDenied, "loopback") // its grant has no connection to this address, whoever has one
	w.ok(w.get(url+"/open/2"), 200, "")
	if len(connections) != 1 || fmt.Sprint(paths) != "[GET /open GET /open/2]" {
		t.Errorf("connections %v, requests %v", connections, paths)
	}
}

func TestDial_HTTP2DoesNotShareAConnectionBetweenNames(t *testing.T) {
	connections, hosts := map[string]bool{}, []string{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		hosts = append(hosts, r.Host)
		fmt.Fprint(rw, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	w := newWorld(t)
	one := grantFor(s.URL, func(g *registry.HTTPGrant) { g.Host = "example.com" })
	two := one
	two.Host, two.AllowPrivate = "*.example.com", registry.PrivateNets{}
	w.grant(roots, one, two)
	w.names.set("example.com", "127.0.0.1")
	w.names.set("two.example.com", "127.0.0.1")
	w.ok(w.get(at(s.URL, "example.com")), 200, "HTTP/2.0")
	w.refused(w.get(at(s.URL, "two.example.com")), abi.CodeHTTPDenied, "loopback") // the certificate is good for both names
	w.refused(w.do(abi.HTTPRequest{Method: "DELETE", URL: at(s.URL, "example.com")}), abi.CodeHTTPDenied, "no http grant")
	w.ok(w.get(at(s.URL, "example.com")), 200, "HTTP/2.0")
	if len(connections) != 1 || len(hosts) != 2 {
		t.Errorf("connections %v, hosts %v", connections, hosts)
	}
	w.grant(roots, func() registry.HTTPGrant { g := two; g.AllowPrivate = nets("127.0.0.1/32"); return g }(), one)
	w.ok(w.get(at(s.URL, "two.example.com")), 200, "HTTP/2.0")
	w.ok(w.get(at(s.URL, "example.com")), 200, "HTTP/2.0")
	if len(connections) != 3 {
		t.Errorf("two names share a connection: %v", connections)
	}
}

func TestDial_TheServersCertificateIsChecked(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	w := newWorld(t, grantFor(s.URL, nil), grantFor(s.URL, func(g *registry.HTTPGrant) { g.Host = "example.com" }))
	w.names.set("api.test", "127.0.0.1")
	w.names.set("example.com", "127.0.0.1")
	w.refused(w.get(at(s.URL, "example.com")), abi.CodeHTTPFailed, "does not trust")
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	w.grant(roots, grantFor(s.URL, nil))
	w.refused(w.get(at(s.URL, "api.test")), abi.CodeHTTPFailed, "for another host")
}

func TestDial_SaysWhyThereIsNoConnection(t *testing.T) {
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) {})
	w.grant(nil, grantFor(url, func(g *registry.HTTPGrant) { g.Host = "*.api.test" }), grantFor("http://x:1", nil), grantFor("https://x:"+url[len("http://api.test:"):], nil))
	w.refused(w.get(at(url, "unknown.api.test")), abi.CodeHTTPFailed, "not found")
	w.refused(w.get("http://api.test:1/"), abi.CodeHTTPFailed, "nothing listens")
	w.refused(w.get("https"+url[len("http"):]), abi.CodeHTTPFailed, "the server")
	w.names.set("many.api.test", "127.0.0.1 ::ffff:127.0.0.1")
	w.ok(w.get(at(url, "many.api.test")), 200, "")
}
