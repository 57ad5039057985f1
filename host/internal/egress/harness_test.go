package egress

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// world is a client with names and secrets of its own, and an attempt to use it.
type world struct {
	*testing.T
	names   *nameserver
	secrets *Secrets
	environ map[string]string
	client  *Client
	attempt *Attempt
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func newWorld(t *testing.T, grants ...registry.HTTPGrant) *world {
	t.Helper()
	w := &world{T: t, names: serveNames(t), environ: map[string]string{}}
	w.secrets = NewSecrets(func(name string) (string, bool) { v, ok := w.environ[name]; return v, ok })
	w.grant(nil, grants...)
	w.limits(func(*abi.Limits) {})
	return w
}

// grant replaces the client.
func (w *world) grant(roots *x509.CertPool, grants ...registry.HTTPGrant) {
	w.Helper()
	c, err := New(Config{Grants: grants, Secrets: w.secrets, Resolver: w.names.resolver(), Roots: roots})
	if err != nil {
		w.Fatal(err)
	}
	w.client = c
	w.Cleanup(c.Close)
}

// limits begins another attempt.
func (w *world) limits(change func(*abi.Limits)) {
	limits := abi.DefaultLimits()
	change(&limits)
	w.attempt = NewAttempt(limits, abi.Trace{Traceparent: parent, Tracestate: "a=b"})
}

// try makes a request, and gives the answer or the error that ends the attempt.
func (w *world) try(r abi.HTTPRequest) (abi.HTTPResponse, error) {
	w.Helper()
	if r.Method == "" {
		r.Method = "GET"
	}
	document, err := abi.EncodeHTTPRequest(r)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	answer, err := w.client.Do(ctx, w.attempt, document)
	if err != nil {
		return abi.HTTPResponse{}, err
	}
	response, err := abi.DecodeHTTPResponse(answer)
	if err != nil {
		w.Fatal(err)
	}
	return response, nil
}

// do is try for requests that don't end the attempt.
func (w *world) do(r abi.HTTPRequest) abi.HTTPResponse {
	w.Helper()
	response, err := w.try(r)
	if err != nil {
		w.Fatal(err)
	}
	return response
}

func (w *world) get(url string) abi.HTTPResponse {
	w.Helper()
	return w.do(abi.HTTPRequest{URL: url})
}

// ok fails the test unless the answer has a status and a body.
func (w *world) ok(r abi.HTTPResponse, status int, body string) {
	w.Helper()
	if r.Error != nil || r.Status != status || string(r.Body) != body {
		w.Fatalf("got %d %q, %v; want %d %q", r.Status, r.Body, r.Error, status, body)
	}
}

// refused fails the test unless the answer is an error with a code and a text.
func (w *world) refused(r abi.HTTPResponse, code abi.Code, text string) {
	w.Helper()
	if r.Error == nil || r.Error.Code != code || !strings.Contains(r.Error.Message, text) {
		w.Errorf("got %d %.100q, %v; want %s: … %s …", r.Status, r.Body, r.Error, code, text)
	}
}

func (w *world) ended(err error, code abi.Code) {
	w.Helper()
	if e := (*abi.Error)(nil); !errors.As(err, &e) || e.Code != code {
		w.Errorf("got %v, want %s", err, code)
	}
}

// bind binds the value of a variable as a credential.
func (w *world) bind(name, value string, hosts ...string) {
	w.environ[strings.ToUpper(name)] = value
	w.secrets.Bind([]registry.SecretBinding{{Name: name, Source: registry.SecretEnv, Reference: strings.ToUpper(name), Hosts: hosts,
		Header: "Authorization", Format: "Bearer {}", Enabled: true}})
}

// grant is one for everything on a server's port, by the name api.test.
func grantFor(server string, change func(*registry.HTTPGrant)) registry.HTTPGrant {
	u, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	port, _ := strconv.Atoi(u.Port())
	g := registry.HTTPGrant{Scheme: u.Scheme, Host: "api.test", Port: port, Methods: []string{"GET", "HEAD", "POST", "PUT"}, AllowPrivate: nets("127.0.0.1/32")}
	if change != nil {
		change(&g)
	}
	return g
}

func nets(texts ...string) (p registry.PrivateNets) {
	for _, text := range texts {
		p.Nets = append(p.Nets, netip.MustParsePrefix(text))
	}
	return p
}

// at is the URL of a server under another host.
func at(server, host string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String()
}

// serve is an HTTP server on 127.0.0.1, and api.test in w.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// toServer is a world with one server and one grant for it.
func toServer(t *testing.T, h http.HandlerFunc) (w *world, url string) {
	t.Helper()
	s := serve(t, h)
	w = newWorld(t, grantFor(s.URL, nil))
	w.names.set("api.test", "127.0.0.1")
	return w, at(s.URL, "api.test")
}

// toSocket is a world with a server that answers each connection's first
// request as f does. It returns how many bytes f got rid of.
func toSocket(t *testing.T, f func(conn io.Writer, request *http.Request)) (w *world, url string, written *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	written = new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answer(conn, written, f)
		}
	}()
	w = newWorld(t, grantFor("http://"+listener.Addr().String(), nil))
	t.Cleanup(func() { listener.Close(); <-done })
	w.names.set("api.test", "127.0.0.1")
	return w, at("http://"+listener.Addr().String(), "api.test"), written
}

func answer(conn net.Conn, written *atomic.Int64, f func(io.Writer, *http.Request)) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
		f(counter{conn, written}, r)
	}
}

type counter struct {
	io.Writer
	n *atomic.Int64
}

func (c counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// listenOn counts connections to an address on the port of a server.
func listenOn(t *testing.T, host, server string) *atomic.Int64 {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, u.Port()))
	if err != nil {
		t.Fatal(err)
	}
	var caught atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return &caught
}

// kept is everything that an attempt leaves behind.
func (w *world) kept(response abi.HTTPResponse) string {
	w.Helper()
	a, err := json.Marshal(w.attempt.Records())
	if err != nil {
		w.Fatal(err)
	}
	b, err := abi.EncodeHTTPResponse(response)
	if err != nil {
		w.Fatal(err)
	}
	return string(a) + string(b)
}
