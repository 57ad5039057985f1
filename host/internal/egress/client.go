package egress

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// maxTimeoutMS is a day, the most that an attempt may take.
const maxTimeoutMS = 24 * 60 * 60 * 1000

// Config is what a client is made of.
type Config struct {
	Grants   []registry.HTTPGrant
	Secrets  *Secrets       // nil: no credential is bound, nothing is scanned
	Resolver *net.Resolver  // nil: Go's own, by the machine's resolv.conf and hosts file
	Roots    *x509.CertPool // nil: the machine's
}

// Client sends the requests of one class, under its grants of one moment.
type Client struct {
	rules   []rule
	secrets *Secrets
}

// New returns a client, or what is wrong with a grant.
func New(cfg Config) (*Client, error) {
	c := &Client{secrets: cfg.Secrets}
	if c.secrets == nil {
		c.secrets = NewSecrets(func(string) (string, bool) { return "", false })
	}
	resolver := cfg.Resolver
	if resolver == nil {
		resolver = &net.Resolver{PreferGo: true}
	}
	for i, g := range cfg.Grants {
		r, err := newRule(g, resolver, cfg.Roots)
		if err != nil {
			return nil, fmt.Errorf("grants.http[%d]: %w", i, err)
		}
		c.rules = append(c.rules, r)
	}
	return c, nil
}

// Close lets go of idle connections. Requests that are under way go on.
func (c *Client) Close() {
	for _, r := range c.rules {
		r.transport.CloseIdleConnections()
	}
}

// Do takes a request document and returns the answer's. What the guest may
// handle is in the answer. An error ends the attempt: an *abi.Error of
// [abi.CodeLimitHTTPCalls] or [abi.CodeLimitHTTPBytes], or why ctx ended.
// Many attempts may call at once, each with an [Attempt] of its own.
func (c *Client) Do(ctx context.Context, a *Attempt, document []byte) ([]byte, error) {
	response, err := c.answer(ctx, a, document)
	if told := (*abi.Error)(nil); errors.As(err, &told) && forGuest(told.Code) {
		response, err = abi.HTTPResponse{Error: told}, nil
	}
	if err != nil {
		return nil, err
	}
	return abi.EncodeHTTPResponse(response)
}

func forGuest(code abi.Code) bool {
	switch code {
	case abi.CodeHTTPInvalid, abi.CodeHTTPDenied, abi.CodeHTTPFailed, abi.CodeHTTPSecret:
		return true
	}
	return false
}

// answer makes the first request, and those that redirects ask for.
func (c *Client) answer(ctx context.Context, a *Attempt, document []byte) (abi.HTTPResponse, error) {
	secrets := c.secrets.read()
	request, err := readRequest(document, secrets)
	if err != nil {
		return abi.HTTPResponse{}, a.refuse(err)
	}
	h, err := firstHop(request)
	if err != nil {
		return abi.HTTPResponse{}, a.refuse(err)
	}
	ctx, cancel := within(ctx, request.TimeoutMS)
	defer cancel()
	for hops := 0; ; hops++ {
		response, err := c.send(ctx, a, h, secrets)
		if err != nil || !request.FollowRedirects {
			return response, err
		}
		next, redirected, err := h.next(response)
		if err != nil || !redirected {
			return response, err
		}
		if hops == maxRedirects {
			return abi.HTTPResponse{}, abi.Errorf(abi.CodeHTTPFailed, "the server redirected more than %d times", maxRedirects)
		}
		h = next
	}
}

// readRequest decodes a document that holds no secret. What is quoted of it
// later can't be one either.
func readRequest(document []byte, secrets *reading) (abi.HTTPRequest, error) {
	if name := secrets.find(document); name != "" {
		return abi.HTTPRequest{}, givenSecret(name)
	}
	r, err := abi.DecodeHTTPRequest(document)
	if err != nil {
		return abi.HTTPRequest{}, err
	}
	texts := [][]byte{[]byte(r.Method), []byte(r.URL)}
	if plain, err := url.PathUnescape(r.URL); err == nil {
		texts = append(texts, []byte(plain))
	}
	for name, values := range r.Headers {
		texts = append(texts, []byte(name), []byte(strings.Join(values, "\n")))
	}
	if name := secrets.find(texts...); name != "" {
		return abi.HTTPRequest{}, givenSecret(name)
	}
	return r, nil
}

func givenSecret(name string) error {
	return abi.Errorf(abi.CodeHTTPSecret, "the request holds the value of the credential %q: name it in credential instead, and the host adds it", name)
}

// within gives ctx the end that the guest asks for, if that comes first.
func within(ctx context.Context, ms int64) (context.Context, context.CancelFunc) {
	if ms == 0 {
		return context.WithCancel(ctx)
	}
	late := abi.Errorf(abi.CodeHTTPFailed, "no complete answer within timeout_ms (%d)", ms)
	return context.WithTimeoutCause(ctx, time.Duration(min(ms, maxTimeoutMS))*time.Millisecond, late)
}

// refuse counts and records a request that went nowhere.
func (a *Attempt) refuse(err error) error {
	record, limit := a.begin()
	if limit != nil {
		return limit
	}
	a.end(record, err)
	return err
}
