package egress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

func TestClient_ServesManyAttemptsWhileBindingsChange(t *testing.T) {
	w, url := toKeeper(t, func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, r.URL.Path) })
	bindings := []registry.SecretBinding{{Name: "api", Source: registry.SecretEnv, Reference: "API", Hosts: []string{"api.test"}, Header: "X-Key", Format: "{}", Enabled: true}}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			a := NewAttempt(abi.DefaultLimits(), abi.Trace{Traceparent: parent})
			for range 20 {
				path := fmt.Sprintf("/%d", n)
				document, _ := abi.EncodeHTTPRequest(abi.HTTPRequest{Method: "GET", URL: url + path, Credential: "api"})
				answer, err := w.client.Do(t.Context(), a, document)
				if r, _ := abi.DecodeHTTPResponse(answer); err != nil || string(r.Body) != path {
					t.Errorf("got %q, %v, %v", r.Body, r.Error, err)
				}
				w.secrets.Bind(bindings)
				_ = w.secrets.ScanOutput([]byte("x"))
			}
		})
	}
	all.Wait()
}

// net/http writes to the standard logger what comes on a connection that waits for no answer.
func TestHush_KeepsWhatServersSendUnaskedOutOfTheLog(t *testing.T) {
	var logged bytes.Buffer
	defer log.SetOutput(log.Writer())
	log.SetOutput(&logged)
	Hush()
	closed := make(chan struct{})
	w, url, _ := toSocket(t, func(conn io.Writer, r *http.Request) {
		defer close(closed)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nyour key is %s", r.Header.Get("X-Guest"))
		// the client closes a connection on which something comes unasked
		_, _ = conn.(counter).Writer.(io.Reader).Read(make([]byte, 1))
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w.ok(w.do(abi.HTTPRequest{URL: url, Headers: map[string][]string{"x-guest": {"12345678"}}}), 200, "")
	select {
	case <-closed:
	case <-ctx.Done():
		t.Fatal("the connection was not closed")
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", &logged)
	}
}
