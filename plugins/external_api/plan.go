package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/lessee-run/lessee/sdk"
)

// plan is a config whose templates and expressions are understood.
type plan struct {
	config
	address                   address
	query, headers            map[string]template
	body, mapped, next, items *expression
}

func prepare(c config) (*plan, error) {
	p := &plan{config: c}
	var err error
	if p.address, err = parseAddress(c.URL); err != nil {
		return nil, err
	}
	if p.query, err = parseTemplates("query", c.Query); err != nil {
		return nil, err
	}
	if p.headers, err = parseTemplates("headers", c.Headers); err != nil {
		return nil, err
	}
	var how pages
	if c.Pages != nil {
		how = *c.Pages
	}
	for _, e := range []struct {
		key, text string
		into      **expression
	}{{"body", c.Body, &p.body}, {"map", c.Map, &p.mapped}, {"pages.next", how.Next, &p.next}, {"pages.items", how.Items, &p.items}} {
		if *e.into, err = compile(e.key, e.text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func parseTemplates(key string, texts map[string]string) (map[string]template, error) {
	templates := make(map[string]template, len(texts))
	for name, text := range texts {
		t, err := parseTemplate(text)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", key, name, err)
		}
		templates[name] = t
	}
	return templates, nil
}

// target is where the first request goes, and with which parameters.
func (p *plan) target(payload any) (*url.URL, url.Values, error) {
	u, err := p.address.fill(payload)
	if err != nil {
		return nil, nil, fmt.Errorf("fill in url: %w", err)
	}
	parameters := url.Values{}
	err = fillAll("query", p.query, payload, plain, parameters.Set)
	return u, parameters, err
}

func plain(_, value string) (string, error) { return value, nil }

// request is all of a request but its URL.
func (p *plan) request(ctx context.Context, payload any) (sdk.Request, error) {
	r := sdk.Request{Method: p.Method, Header: map[string][]string{}, Credential: p.Credential,
		Timeout: time.Duration(p.TimeoutMS) * time.Millisecond, FollowRedirects: p.FollowRedirects}
	set := func(name, value string) { r.Header[name] = []string{value} }
	if p.Answer == answerJSON && p.header("Accept") == "" {
		set("Accept", "application/json")
	}
	if p.Gzip {
		set("Accept-Encoding", "gzip")
	}
	if err := fillAll("headers", p.headers, payload, inHeader, set); err != nil {
		return r, err
	}
	if p.IdempotencyHeader != "" {
		key := sdk.JobFrom(ctx).IdempotencyKey
		if key == "" {
			return r, fmt.Errorf("the job has no idempotency key for the header %s: enqueue it with one", p.IdempotencyHeader)
		}
		set(p.IdempotencyHeader, key)
	}
	return r, p.fillBody(&r, payload)
}

// fillBody gives r the body that the expression makes, if there is one.
func (p *plan) fillBody(r *sdk.Request, payload any) error {
	if p.body == nil {
		return nil
	}
	value, err := p.body.one(payload)
	if err != nil {
		return fmt.Errorf("make the body: %w", err)
	}
	kind := p.header("Content-Type")
	if kind == "" {
		r.Header["Content-Type"] = []string{"application/json"}
	}
	if text, ok := value.(string); ok && kind != "" && !strings.Contains(kind, "json") {
		r.Body = []byte(text)
		return nil
	}
	r.Body, err = gojq.Marshal(value)
	return err
}

// fillAll fills templates in, but for those that may be left out and are.
func fillAll(key string, templates map[string]template, payload any, encode func(name, value string) (string, error), set func(name, value string)) error {
	for name, t := range templates {
		value, err := t.fill(payload, encode)
		switch {
		case errors.Is(err, errMissing) && t.alone():
		case err != nil:
			return fmt.Errorf("fill in %s.%s: %w", key, name, err)
		default:
			set(name, value)
		}
	}
	return nil
}
