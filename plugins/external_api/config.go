package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/sdk"
)

// config is what the operator writes into the class row. Templates hold {name},
// which stands for a field of the payload; {a.b} for one within another.
type config struct {
	Method            string            `json:"method,omitempty" doc:"absent: GET"`
	URL               string            `json:"url" doc:"template; {name} may stand in the path and the query"`
	Query             map[string]string `json:"query,omitempty" doc:"templates; one that is {name} alone is left out when the payload has no such field"`
	Headers           map[string]string `json:"headers,omitempty" doc:"templates, as those of query"`
	Body              string            `json:"body,omitempty" doc:"jq over the payload; a text is sent as it is when the content-type is not JSON"`
	Credential        string            `json:"credential,omitempty" doc:"name of a credential that the class is granted"`
	IdempotencyHeader string            `json:"idempotency_header,omitempty" doc:"such as Idempotency-Key; it carries the job's idempotency key"`
	TimeoutMS         int64             `json:"timeout_ms,omitempty" doc:"of one request; absent: as long as the attempt may take"`
	FollowRedirects   bool              `json:"follow_redirects,omitempty"`
	Gzip              bool              `json:"gzip,omitempty" doc:"asks for compressed answers; not with a credential"`

	Success         []int  `json:"success,omitempty" doc:"statuses; absent: 200 to 299"`
	Retry           []int  `json:"retry,omitempty" doc:"statuses that are worth another attempt; absent: 408, 425, 429 and 500 to 599"`
	MaxRetryAfterMS int64  `json:"max_retry_after_ms,omitempty" doc:"the most that Retry-After counts; absent: an hour"`
	Answer          string `json:"answer,omitempty" doc:"json, text or none; absent: json"`
	MaxBytes        int64  `json:"max_bytes,omitempty" doc:"of all answers, after decompression; absent: 4 MiB"`
	Map             string `json:"map,omitempty" doc:"jq over the answer, or over the items of all pages"`
	Pages           *pages `json:"pages,omitempty"`
}

// pages says how one page leads to the next.
type pages struct {
	By        string `json:"by" doc:"link, cursor or number"`
	Next      string `json:"next,omitempty" doc:"jq over the page; by link: the next URL (absent: the Link header with rel=next); by cursor: the cursor"`
	Parameter string `json:"parameter,omitempty" doc:"of the query, that takes the cursor or the number"`
	First     int    `json:"first,omitempty" doc:"by number: of the first page; absent: 1"`
	Items     string `json:"items,omitempty" doc:"jq over the page; every result is an item; absent: .[]"`
	Max       int    `json:"max,omitempty" doc:"absent: 10"`
}

// Ways from page to page.
const (
	byLink   = "link"
	byCursor = "cursor"
	byNumber = "number"
)

// Kinds of answer.
const (
	answerJSON = "json"
	answerText = "text"
	answerNone = "none"
)

// readConfig refuses a field that it does not know: misspelt, it would be lost
// in silence.
func readConfig(ctx context.Context) (config, error) {
	var c config
	raw, err := sdk.Config[json.RawMessage](ctx)
	if err != nil {
		return c, err
	}
	if len(raw) == 0 {
		return c, errors.New(`it is missing: write {"url": "https://…"}`)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	c.setDefaults()
	return c, c.check()
}

func (c *config) setDefaults() {
	c.Method = cmp.Or(c.Method, "GET")
	c.MaxRetryAfterMS = cmp.Or(c.MaxRetryAfterMS, 60*60*1000)
	c.Answer = cmp.Or(c.Answer, answerJSON)
	c.MaxBytes = cmp.Or(c.MaxBytes, 4<<20)
	if p := c.Pages; p != nil {
		p.First, p.Items, p.Max = cmp.Or(p.First, 1), cmp.Or(p.Items, ".[]"), cmp.Or(p.Max, 10)
	}
}

func (c *config) check() error {
	switch {
	case !slices.Contains([]string{answerJSON, answerText, answerNone}, c.Answer):
		return fmt.Errorf("answer %q is none of json, text, none", c.Answer)
	case c.Answer != answerJSON && (c.Map != "" || c.Pages != nil):
		return fmt.Errorf("map and pages need JSON, and answer is %q", c.Answer)
	case c.TimeoutMS < 0 || c.MaxRetryAfterMS < 0 || c.MaxBytes < 0:
		return errors.New("timeout_ms, max_retry_after_ms and max_bytes can't be negative")
	case c.Gzip && c.Credential != "":
		return errors.New("gzip can't go with a credential: the host looks through such answers for its value")
	case c.Pages == nil:
		return nil
	case c.IdempotencyHeader != "":
		return errors.New("pages can't go with idempotency_header: every page is another request")
	}
	return c.Pages.check()
}

func (p *pages) check() error {
	switch {
	case !slices.Contains([]string{byLink, byCursor, byNumber}, p.By):
		return fmt.Errorf("pages.by %q is none of link, cursor, number", p.By)
	case p.By != byLink && p.Parameter == "":
		return fmt.Errorf("pages.parameter is missing: name the query parameter that takes the %s", p.By)
	case p.By == byCursor && p.Next == "":
		return errors.New("pages.next is missing: the jq expression that finds the next cursor in a page, such as .meta.next")
	case p.By == byNumber && p.Next != "":
		return errors.New("pages.next has no meaning by number: the pages end with the first that has no items")
	case p.Max < 1 || p.Max > 1000:
		return fmt.Errorf("pages.max is %d: it must be from 1 to 1000", p.Max)
	}
	return nil
}

func (c *config) succeeded(status int) bool {
	if c.Success == nil {
		return 200 <= status && status <= 299
	}
	return slices.Contains(c.Success, status)
}

func (c *config) retryable(status int) bool {
	if c.Retry == nil {
		return status == 408 || status == 425 || status == 429 || 500 <= status && status <= 599
	}
	return slices.Contains(c.Retry, status)
}

// header is the value of a header that the operator gave, whatever its case.
func (c *config) header(name string) string {
	for given, value := range c.Headers {
		if strings.EqualFold(given, name) {
			return value
		}
	}
	return ""
}
