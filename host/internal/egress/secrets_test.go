package egress

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

const value = `s3cr/t+v"l&e~42é`

// toKeeper is a world with a server that has a credential, and a grant that names it.
func toKeeper(t *testing.T, h http.HandlerFunc) (w *world, url string) {
	t.Helper()
	w, url = toServer(t, h)
	w.grant(nil, grantFor(url, func(g *registry.HTTPGrant) { g.Credentials = []string{"api"} }))
	w.bind("api", value, "api.test")
	return w, url
}

func (w *world) keepsSecret(r abi.HTTPResponse) {
	w.Helper()
	kept := w.kept(r)
	for _, n := range needles("api", value) {
		if strings.Contains(kept, string(n.text)) {
			w.Errorf("%q stands in %s", n.text, kept)
		}
	}
}

func TestSecret_IsAddedByTheHost(t *testing.T) {
	seen := ""
	w, url := toKeeper(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("Authorization") })
	r := w.do(abi.HTTPRequest{URL: url, Credential: "api"})
	w.ok(r, 200, "")
	w.keepsSecret(r)
	if seen != "Bearer "+value {
		t.Errorf("the server saw %q", seen)
	}
	w.ok(w.get(url), 200, "")
	if seen != "" {
		t.Errorf("without a credential the server saw %q", seen)
	}
}

func TestSecret_GoesOnlyWhereGrantAndBindingBothSay(t *testing.T) {
	hits := 0
	w, url := toKeeper(t, func(http.ResponseWriter, *http.Request) { hits++ })
	ask := abi.HTTPRequest{URL: url, Credential: "api"}
	w.bind("api", value, "*.api.test", "other.test")
	w.refused(w.do(ask), abi.CodeHTTPDenied, "may not be sent to api.test")
	w.secrets.Bind(nil)
	w.refused(w.do(ask), abi.CodeHTTPDenied, "not bound")
	w.secrets.Bind([]registry.SecretBinding{{Name: "api", Source: registry.SecretEnv, Reference: "API", Hosts: []string{"api.test"}, Header: "Authorization", Format: "{}"}})
	w.refused(w.do(ask), abi.CodeHTTPDenied, "not enabled")
	w.bind("api", value, "api.test")
	delete(w.environ, "API")
	w.refused(w.do(ask), abi.CodeHTTPFailed, "lessee secret check")
	w.bind("api", value, "api.test")
	w.refused(w.do(abi.HTTPRequest{URL: url, Credential: "api", Headers: map[string][]string{"AUTHORIZATION": {"mine"}}}), abi.CodeHTTPInvalid, "is the credential's")
	w.grant(nil, grantFor(url, nil))
	w.refused(w.do(ask), abi.CodeHTTPDenied, "no http grant")
	if hits > 0 {
		t.Errorf("%d requests reached the server", hits)
	}
}

func echoes() map[string]string {
	q, _ := json.Marshal(value)
	utf16 := ""
	for _, r := range value {
		utf16 += string([]byte{byte(r), byte(r >> 8)})
	}
	return map[string]string{
		"as it is": value, "in text": "<p>" + value + "</p>", "in JSON": `{"headers": {"authorization": ` + string(q) + `}}`,
		"in JSON of PHP": strings.ReplaceAll(string(q), "/", `\/`), "in HTML": "s3cr/t+v&#34;l&amp;e~42é", "in hex": hex.EncodeToString([]byte(value)), "in UTF-16": utf16,
		"escaped": url.QueryEscape(value), "escaped in lower case": strings.ToLower(url.QueryEscape(value)), "escaped in a path": url.PathEscape(value),
		"in base64": base64.StdEncoding.EncodeToString([]byte(value)), "the header in base64": base64.StdEncoding.EncodeToString([]byte("Bearer " + value)),
		"in base64, one further": base64.URLEncoding.EncodeToString([]byte("B" + value + "x")), "in base64, two further": base64.RawURLEncoding.EncodeToString([]byte("BB" + value + "xyz")),
	}
}

func TestSecret_InAnAnswersBodyIsWithheld(t *testing.T) {
	for name, echo := range echoes() {
		w, url := toKeeper(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, strings.Repeat("x", 5000), echo, "y") })
		r := w.do(abi.HTTPRequest{URL: url, Credential: "api"})
		w.refused(r, abi.CodeHTTPSecret, `the credential "api"`)
		w.keepsSecret(r)
		if len(r.Body) > 0 || r.Status != 0 {
			t.Errorf("%s: %+v", name, r)
		}
		w.refused(w.get(url), abi.CodeHTTPSecret, `the credential "api"`) // whoever asks
	}
}

func TestSecret_InAnAnswersHeadIsWithheld(t *testing.T) {
	for _, name := range []string{"X-Echo", "Location", "Set-Cookie", "Etag"} {
		w, url := toKeeper(t, func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set(name, "/"+url.PathEscape(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
			rw.WriteHeader(http.StatusFound)
		})
		r := w.do(abi.HTTPRequest{URL: url, Credential: "api", FollowRedirects: true})
		w.refused(r, abi.CodeHTTPSecret, "withheld")
		w.keepsSecret(r)
	}
}

func TestSecret_IsNotInTheMessageOfABrokenAnswer(t *testing.T) {
	for _, raw := range []string{"%s\r\n\r\n", "HTTP/1.1 %s\r\n\r\n", "HTTP/1.1 200 OK\r\n%s\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"HTTP/1.1 200 %s\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://%s/%%zz\r\nContent-Length: 0\r\n\r\n"} {
		w, url, _ := toSocket(t, func(conn io.Writer, r *http.Request) {
			fmt.Fprintf(conn, raw, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		})
		w.grant(nil, grantFor(url, func(g *registry.HTTPGrant) { g.Credentials = []string{"api"} }))
		w.bind("api", value, "api.test")
		w.keepsSecret(w.do(abi.HTTPRequest{URL: url, Credential: "api", FollowRedirects: true}))
		if w.attempt.Records()[0].RequestBytes == 0 {
			t.Errorf("%q: %+v", raw, w.attempt.Records())
		}
	}
}

func TestSecret_InARequestIsRefused(t *testing.T) {
	hits := 0
	w, address := toKeeper(t, func(http.ResponseWriter, *http.Request) { hits++ })
	quoted := url.PathEscape(value)
	all := ""
	for i := range len(value) {
		all += fmt.Sprintf("%%%02x", value[i])
	}
	for _, r := range []abi.HTTPRequest{
		{URL: address + "/" + quoted}, {URL: address + "/?q=" + url.QueryEscape(value)}, {URL: address + "/" + all}, {URL: address, Method: value}, {URL: value},
		{URL: address, Headers: map[string][]string{"X": {"a", value}}}, {URL: address, Headers: map[string][]string{value: {"x"}}},
		{URL: address, Headers: map[string][]string{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+value))}}},
		{URL: address, Method: "POST", Body: []byte("{" + value + "}")}, {URL: address, Credential: value},
	} {
		got := w.do(r)
		w.refused(got, abi.CodeHTTPSecret, "name it in credential")
		w.keepsSecret(got)
	}
	raw := func(head string) []byte { return append([]byte{byte(len(head)), 0, 0, 0}, head...) }
	for _, document := range [][]byte{raw(`{"` + value), raw(`{"method":"GET","url":"` + address + `/` + `\u0073` + quoted[1:] + `"}`)} {
		answer, err := w.client.Do(t.Context(), w.attempt, document)
		if err != nil || !strings.Contains(string(answer), string(abi.CodeHTTPSecret)) {
			t.Errorf("%q: %q, %v", document, answer, err)
		}
	}
	if hits > 0 {
		t.Errorf("%d requests reached the server", hits)
	}
}

func TestSecret_AHostThatHasOneMustAnswerReadablyAndWhole(t *testing.T) {
	w, url := toKeeper(t, func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Content-Encoding", "br") })
	for _, credential := range []string{"", "api"} {
		w.refused(w.do(abi.HTTPRequest{URL: url, Credential: credential}), abi.CodeHTTPFailed, "compressed its answer")
		for _, name := range []string{"Accept-Encoding", "Range", "If-Range"} {
			w.refused(w.do(abi.HTTPRequest{URL: url, Credential: credential, Headers: map[string][]string{name: {"x"}}}), abi.CodeHTTPInvalid, "whole and readable")
		}
	}
}

func TestScanOutput_FindsEverySpellingAndNothingElse(t *testing.T) {
	w, _ := toKeeper(t, func(http.ResponseWriter, *http.Request) {})
	for name, text := range echoes() {
		err := w.secrets.ScanOutput([]byte(`{"output": "` + text + `"}`))
		if e := (*abi.Error)(nil); !errors.As(err, &e) || e.Code != abi.CodeResultSecret || strings.Contains(e.Message, value) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.secrets.ScanOutput([]byte(`{"output": "s3cr/t+v"}`)); err != nil {
		t.Error(err)
	}
	for _, user := range []string{"somebody:the password", "the password"} {
		w.bind("api", user, "api.test")
		if err := w.secrets.ScanOutput([]byte("... the password ...")); err == nil {
			t.Errorf("the password of %q was not found", user)
		}
	}
}
