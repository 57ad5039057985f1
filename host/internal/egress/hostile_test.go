package egress

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
)

func TestHostileServer_DripsItsAnswer(t *testing.T) {
	w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				fmt.Fprint(rw, "x")
				_ = http.NewResponseController(rw).Flush()
			}
		}
	})
	w.refused(w.do(abi.HTTPRequest{URL: url, TimeoutMS: 200}), abi.CodeHTTPFailed, "timeout_ms (200)")
	if r := w.attempt.Records()[0]; r.Status != 200 || r.Error == nil || r.ResponseBytes == 0 {
		t.Errorf("%+v", r)
	}
}

func TestHostileServer_NeverAnswers(t *testing.T) {
	w, url := toServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.refused(w.do(abi.HTTPRequest{URL: url, TimeoutMS: 100}), abi.CodeHTTPFailed, "timeout_ms (100)")
}

func TestHostileServer_SendsMoreThanTheBudget(t *testing.T) {
	for name, length := range map[string]string{"without saying so": "", "as it says": "1000000000000"} {
		w, url, sent := toSocket(t, func(conn io.Writer, _ *http.Request) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n")
			if length != "" {
				fmt.Fprintf(conn, "Content-Length: %s\r\n", length)
			}
			forever(conn, "\r\n", strings.Repeat("x", 4096))
		})
		w.limits(func(l *abi.Limits) { l.HTTPBytes = 100_000 })
		_, err := w.try(abi.HTTPRequest{URL: url})
		w.ended(err, abi.CodeLimitHTTPBytes)
		if r := w.attempt.Records()[0]; r.Error == nil || r.Error.Code != abi.CodeLimitHTTPBytes || r.ResponseBytes > 100_001 {
			t.Errorf("%s: %+v", name, r)
		}
		if n := sent.Load(); n > 32<<20 {
			t.Errorf("%s: the server got rid of %d bytes", name, n)
		}
	}
}

func TestHostileServer_SendsHeadersWithoutEnd(t *testing.T) {
	for name, line := range map[string]string{"many": "X-Header: value\r\n", "one": "xxxxxxxxxxxxxxxx", "informational": "\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n", "continue": "\r\nHTTP/1.1 100 Continue\r\n"} {
		w, url, sent := toSocket(t, func(conn io.Writer, _ *http.Request) {
			forever(conn, "HTTP/1.1 200 OK\r\nX-First: ", line)
		})
		if strings.Contains(line, "HTTP/1.1 1") {
			w, url, sent = toSocket(t, func(conn io.Writer, _ *http.Request) {
				forever(conn, "HTTP/1.1 100 Continue\r\n", line)
			})
		}
		w.refused(w.do(abi.HTTPRequest{URL: url, TimeoutMS: 15_000}), abi.CodeHTTPFailed, "larger than 65536")
		if n := sent.Load(); n > 32<<20 {
			t.Errorf("%s: the server got rid of %d bytes", name, n)
		}
	}
}

// forever writes until the other end has had enough.
func forever(conn io.Writer, first, then string) {
	_, err := io.WriteString(conn, first)
	for block := strings.Repeat(then, 1+4096/len(then)); err == nil; {
		_, err = io.WriteString(conn, block)
	}
}

func TestHostileServer_BreaksTheProtocol(t *testing.T) {
	for raw, text := range map[string]string{
		"":                        "closed the connection",
		"SSH-2.0-OpenSSH_9.9\r\n": "no valid HTTP",
		"HTTP/1.1 abc OK\r\n\r\n": "no valid HTTP",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort":                            "before its answer was complete",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabc":           "no valid HTTP",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde":                             "no valid HTTP",
		"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nabcde":                             "no valid HTTP",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx":                   "no valid HTTP",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx":                   "before its answer was complete",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n":                    "no valid HTTP",
		"HTTP/1.1 200 OK\r\nX Y\r\n\r\n":                                                 "no valid HTTP",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx": "a change of protocol",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n":                                       "a change of protocol",
		"HTTP/1.1 302 Found\r\nLocation: http://a b/\r\n\r\n":                            "no URL",
	} {
		w, url, _ := toSocket(t, func(conn io.Writer, _ *http.Request) { _, _ = io.WriteString(conn, raw) })
		w.refused(w.do(abi.HTTPRequest{URL: url, FollowRedirects: true, TimeoutMS: 15_000}), abi.CodeHTTPFailed, text)
	}
}

func TestHostileServer_SaysMoreThanItsContentLength(t *testing.T) {
	w, url, _ := toSocket(t, func(conn io.Writer, r *http.Request) {
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%.5sHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", r.URL.Path)
	})
	w.limits(func(l *abi.Limits) { l.HTTPCalls = 1000 })
	for i := range 1000 { // the moment between an answer's end and the look beyond it is short
		path := fmt.Sprintf("/%04d", i)
		w.ok(w.get(url+path), 200, path)
	}
}

func TestHostileServer_SendsABombThatIsCountedAsItTravels(t *testing.T) {
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, err := io.CopyN(zip, zeros{}, 32<<20)
	if err != nil || zip.Close() != nil {
		t.Fatal(err)
	}
	for _, asked := range []map[string][]string{nil, {"accept-encoding": {"gzip"}}} {
		w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) {
			if want := "identity"; asked == nil && r.Header.Get("Accept-Encoding") != want {
				t.Errorf("Accept-Encoding is %q, want %q", r.Header.Get("Accept-Encoding"), want)
			}
			rw.Header().Set("Content-Encoding", "gzip")
			_, _ = rw.Write(bomb.Bytes())
		})
		w.limits(func(l *abi.Limits) { l.HTTPBytes = 100_000 })
		r := w.do(abi.HTTPRequest{URL: url, Headers: asked})
		w.ok(r, 200, bomb.String())
		if r.Headers["content-encoding"][0] != "gzip" || w.attempt.Bytes() < int64(bomb.Len()) || w.attempt.Bytes() > int64(bomb.Len())+1000 {
			t.Errorf("%v, %d bytes counted, %d sent", r.Headers, w.attempt.Bytes(), bomb.Len())
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
