package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

func TestClient_SendsWhatIsGrantedAndAnswersWhatCame(t *testing.T) {
	w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header()["X-Many"] = []string{"1", "2"}
		rw.Header().Set("Set-Cookie", "a=1")
		rw.WriteHeader(http.StatusCreated)
		fmt.Fprintf(rw, "%s %s %s %q %s %s", r.Method, r.Host[:9], r.URL, body, r.Header.Get("X-Own"), r.Header.Values("Accept"))
	})
	got := w.do(abi.HTTPRequest{Method: "POST", URL: url + "/a%2Fb?q=1&q=2#fragment", Body: []byte("hello"),
		Headers: map[string][]string{"x-own": {"own"}, "accept": {"a", "b"}}})
	w.ok(got, 201, `POST api.test: /a%2Fb?q=1&q=2 "hello" own [a b]`)
	if strings.Join(got.Headers["x-many"], ",") != "1,2" || got.Headers["set-cookie"][0] != "a=1" || got.URL != url+"/a%2Fb?q=1&q=2" {
		t.Errorf("%+v", got)
	}
	r := w.attempt.Records()
	if len(r) != 1 || r[0].Method != "POST" || r[0].URL != url+"/a%2Fb" || r[0].Status != 201 || r[0].Error != nil || r[0].SHA256 != digest(got.Body) ||
		r[0].RequestBytes < 100 || r[0].ResponseBytes < 100 || len(r[0].SpanID) != 16 || time.Since(r[0].StartedAt) > time.Minute {
		t.Errorf("%+v", r)
	}
	if w.attempt.Calls() != 1 || w.attempt.Bytes() != r[0].RequestBytes+r[0].ResponseBytes {
		t.Errorf("%d calls, %d bytes", w.attempt.Calls(), w.attempt.Bytes())
	}
}

func TestClient_EveryRequestIsAChildOfTheAttemptsSpan(t *testing.T) {
	w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprint(rw, r.Header.Values("Traceparent"), r.Header.Values("Tracestate"))
	})
	guests := map[string][]string{"traceparent": {"00-11111111111111111111111111111111-2222222222222222-01"}, "TraceState": {"evil=1"}}
	for range 2 {
		got := w.do(abi.HTTPRequest{URL: url, Headers: guests})
		span := w.attempt.Records()[len(w.attempt.Records())-1].SpanID
		w.ok(got, 200, "[00-0af7651916cd43dd8448eb211c80319c-"+span+"-01] [a=b]")
	}
	w.attempt.state = ""
	if r := w.do(abi.HTTPRequest{URL: url, Headers: guests}); !strings.HasSuffix(string(r.Body), " []") {
		t.Errorf("the guest's own tracestate was sent: %s", r.Body)
	}
	if r := w.attempt.Records(); r[0].SpanID == r[1].SpanID {
		t.Error("two requests are one span")
	}
}

func TestClient_DeniesWhatNoGrantNames(t *testing.T) {
	hits := 0
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) { hits++ })
	w.names.set("other.test", "127.0.0.1")
	w.names.set("x.api.test", "127.0.0.1")
	for _, r := range []abi.HTTPRequest{
		{Method: "DELETE", URL: url}, {Method: "get", URL: url}, {Method: "TRACE", URL: url}, {Method: "CONNECT", URL: url},
		{URL: at(url, "other.test")}, {URL: at(url, "x.api.test")}, {URL: at(url, "127.0.0.1")}, {URL: strings.Replace(url, "http:", "https:", 1)},
		{URL: "http://api.test/"}, {URL: "http://api.test:1/"}, {URL: url, Credential: "api"},
	} {
		w.refused(w.do(r), abi.CodeHTTPDenied, "no http grant")
	}
	if hits > 0 || w.names.questions("other.test")+w.names.questions("api.test") > 0 {
		t.Errorf("%d requests reached the server, and names were looked up", hits)
	}
	for _, r := range w.attempt.Records() {
		if r.Error == nil || r.Error.Code != abi.CodeHTTPDenied || r.RequestBytes != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestClient_RefusesURLsThatReadersDisagreeOn(t *testing.T) {
	hits := 0
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) { hits++ })
	port := url[strings.LastIndex(url, ":"):]
	w.grant(nil, grantFor(url, nil), grantFor(url, func(g *registry.HTTPGrant) { g.Host = "127.0.0.1" }))
	for _, bad := range []string{
		"http://2130706433" + port, "http://0177.0.0.1" + port, "http://0x7f.0.0.1" + port, "http://0x7f000001" + port, "http://127.1" + port, "http://127.0.0.01" + port,
		"http://api.test" + port + "@evil.test/", "http://user:password@api.test" + port, "http://user@api.test" + port, "http://@api.test" + port,
		"http://[fe80::1%25lo]" + port, "http://[::1", "http:///path", "http:api.test", "//api.test" + port, "api.test", "", "ftp://api.test" + port, "file:///etc/passwd",
		"http://api.test\\@evil.test/", "http://api.test" + port + "/\r\nX: y", "http://api.test" + port + "/\x00", "http://a pi.test/", "http://api.test:port/", "http://api.test:65536/",
		"http://%31%32%37.0.0.1" + port, "http://api.test" + port + "/" + strings.Repeat("a", 8192),
	} {
		w.refused(w.get(bad), abi.CodeHTTPInvalid, "the URL")
	}
	if hits > 0 {
		t.Errorf("%d requests reached the server", hits)
	}
	w.ok(w.get("http://127.0.0.1"+port), 200, "")
	w.ok(w.get("http://[::ffff:127.0.0.1]"+port), 200, "") // the same address, so the same grant
	w.ok(w.get("HTTP://API.TEST."+port), 200, "")
}

func TestClient_RefusesHeadersThatAreNotTheGuestsToSet(t *testing.T) {
	hits := 0
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) { hits++ })
	for name, text := range map[string]string{"Host": "host's to set", "content-length": "host's to set", "Transfer-Encoding": "host's to set", "connection": "host's to set", "TE": "host's to set",
		"Proxy-Authorization": "host's to set", "proxy-x": "host's to set", "Upgrade": "host's to set", "Expect": "host's to set", "Trailer": "host's to set", "Keep-Alive": "host's to set",
		"X\r\nY": "the header name", "X Y": "the header name", "": "the header name", "X:": "the header name", ":path": "the header name"} {
		w.refused(w.do(abi.HTTPRequest{URL: url, Headers: map[string][]string{name: {"x"}}}), abi.CodeHTTPInvalid, text)
	}
	for _, value := range []string{"a\r\nHost: evil.test", "a\nb", "a\rb", "a\x00b", "a\x7fb"} {
		w.refused(w.do(abi.HTTPRequest{URL: url, Headers: map[string][]string{"X": {value}}}), abi.CodeHTTPInvalid, "line break")
	}
	many := map[string][]string{"X": make([]string, 101)}
	w.refused(w.do(abi.HTTPRequest{URL: url, Headers: many}), abi.CodeHTTPInvalid, "at most 100")
	w.refused(w.do(abi.HTTPRequest{URL: url, Headers: map[string][]string{"X": {strings.Repeat("x", 32<<10)}}}), abi.CodeHTTPInvalid, "at most 100 of 32768")
	if hits > 0 {
		t.Errorf("%d requests reached the server", hits)
	}
}

func TestClient_APathPrefixHoldsWholeSegmentsAndNoWayOut(t *testing.T) {
	w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.URL.Path) })
	w.grant(nil, grantFor(url, func(g *registry.HTTPGrant) { g.PathPrefix = "/v1" }), grantFor(url, func(g *registry.HTTPGrant) { g.PathPrefix = "/dir/" }))
	for _, path := range []string{"/v1", "/v1/", "/v1/a/b", "/v1/a%20b", "/dir/", "/dir/x", "/v1/100%25", "/v1/..a/a.."} {
		if r := w.get(url + path); r.Status != 200 {
			t.Errorf("%s: %v", path, r.Error)
		}
	}
	for _, path := range []string{"", "/", "/v10", "/v", "/dir", "/V1/", "/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/%2e%2e%2fadmin", "/v1/..;a=b/admin", "/v1/..\\admin", "/v1/..%5cadmin",
		"/v1/%252e%252e/admin", "/v1/.", "/v1/./x", "//v1/", "/v1/a%00", "/v1/.%2e/"} {
		w.refused(w.get(url+path), abi.CodeHTTPDenied, "no http grant")
	}
}

func TestClient_AMalformedDocumentIsAnAnswerNotAnError(t *testing.T) {
	w, _ := toServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, document := range []string{"", "\x01", "\x02\x00\x00\x00{}", "\xff\xff\xff\xff{}", "\x04\x00\x00\x00null"} {
		data, err := w.client.Do(t.Context(), w.attempt, []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := abi.DecodeHTTPResponse(data); err != nil || r.Error == nil || r.Error.Code != abi.CodeHTTPInvalid && r.Error.Code != abi.CodeHTTPDenied {
			t.Errorf("%q: %+v, %v", document, r, err)
		}
	}
	if w.attempt.Calls() != 5 || len(w.attempt.Records()) != 5 {
		t.Errorf("%d calls", w.attempt.Calls())
	}
}

func TestClient_TheEndOfTheAttemptEndsTheRequest(t *testing.T) {
	arrived := make(chan struct{})
	w, url := toServer(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-arrived
		cancel(abi.Errorf(abi.CodeLimitWall, "too long"))
	}()
	document, err := abi.EncodeHTTPRequest(abi.HTTPRequest{Method: "GET", URL: url, TimeoutMS: 1 << 62})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.client.Do(ctx, w.attempt, document)
	w.ended(err, abi.CodeLimitWall)
	if r := w.attempt.Records(); len(r) != 1 || r[0].Error == nil || r[0].Error.Code != abi.CodeLimitWall {
		t.Errorf("%+v", r)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err = w.client.Do(ctx, w.attempt, document); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNew_RefusesGrantsThatMakeNoSense(t *testing.T) {
	for text, change := range map[string]func(*registry.HTTPGrant){
		"scheme":      func(g *registry.HTTPGrant) { g.Scheme = "ftp" },
		"number":      func(g *registry.HTTPGrant) { g.Host = "127.1" },
		"port":        func(g *registry.HTTPGrant) { g.Port = 70000 },
		"methods is":  func(g *registry.HTTPGrant) { g.Methods = nil },
		"methods [":   func(g *registry.HTTPGrant) { g.Methods = []string{"TRACE"} },
		"path_prefix": func(g *registry.HTTPGrant) { g.PathPrefix = "/a/.." },
		"plain http":  func(g *registry.HTTPGrant) { g.AllowPrivate, g.Credentials = registry.PrivateNets{}, []string{"api"} },
	} {
		if _, err := New(Config{Grants: []registry.HTTPGrant{grantFor("http://api.test:80", change)}}); err == nil || !strings.Contains(err.Error(), text) || !strings.HasPrefix(err.Error(), "grants.http[0]: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
