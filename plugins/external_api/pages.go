package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"

	"github.com/itchyny/gojq"

	"github.com/lessee-run/lessee/sdk"
)

// walk goes from page to page, and gathers their items.
type walk struct {
	*plan
	request sdk.Request
	start   *url.URL
	query   url.Values // of every page, by cursor and number; of the first, by link
	seen    map[string]bool
	items   []any
	left    int64 // bytes
}

// run asks for page after page; truncated says that there are more than it may.
func (w *walk) run(ctx context.Context) (last answer, count int, truncated bool, err error) {
	if w.Pages.By == byNumber {
		w.query.Set(w.Pages.Parameter, strconv.Itoa(w.Pages.First))
	}
	next := with(w.start, w.query)
	for next != "" && count < w.Pages.Max {
		if sdk.Cancelled(ctx) {
			return last, count, false, errors.New("the attempt was told to stop")
		}
		if w.seen[next] {
			return last, count, false, permanent(codePagesRepeat, fmt.Errorf("page %d leads back to one that was had already", count))
		}
		w.seen[next] = true
		count++
		sdk.Progress(ctx, 1000*(count-1)/w.Pages.Max, fmt.Sprintf("page %d", count))
		w.request.URL = next
		if last, next, err = w.page(ctx, count); err != nil {
			return last, count, false, fmt.Errorf("page %d: %w", count, err)
		}
	}
	return last, count, next != "", nil
}

// page asks for one page, and finds the URL of the next; empty: it is the last.
func (w *walk) page(ctx context.Context, number int) (answer, string, error) {
	a, err := w.ask(ctx, w.request, w.left)
	if err != nil {
		return a, "", err
	}
	w.left -= int64(len(a.text))
	items, err := w.plan.items.all(a.value, math.MaxInt)
	if err != nil {
		return a, "", permanent(codeExpressionFailed, fmt.Errorf("pages.items: %w", err))
	}
	w.items = append(w.items, items...)
	switch w.Pages.By {
	case byNumber:
		if len(items) == 0 {
			return a, "", nil
		}
		w.query.Set(w.Pages.Parameter, strconv.Itoa(w.Pages.First+number))
		return a, with(w.start, w.query), nil
	case byCursor:
		cursor, err := w.found(a)
		if err != nil || cursor == "" {
			return a, "", err
		}
		w.query.Set(w.Pages.Parameter, cursor)
		return a, with(w.start, w.query), nil
	}
	next, err := w.link(a)
	return a, next, err
}

// found is what pages.next finds in a page, as text.
func (w *walk) found(a answer) (string, error) {
	results, err := w.next.all(a.value, 1)
	if err != nil {
		return "", permanent(codeExpressionFailed, fmt.Errorf("pages.next: %w", err))
	}
	if len(results) == 0 || results[0] == nil || results[0] == false {
		return "", nil
	}
	if text, ok := results[0].(string); ok {
		return text, nil
	}
	if kind := gojq.TypeOf(results[0]); kind != "number" {
		return "", permanent(codeExpressionFailed, fmt.Errorf("pages.next finds a value of type %s: it must be text, a number, or null when there is no more", kind))
	}
	number, err := gojq.Marshal(results[0])
	return string(number), err
}

// link is the next URL. It stays on the server that the operator named: the
// credential would go with it.
func (w *walk) link(a answer) (string, error) {
	target := nextLink(a.Header["link"])
	if w.next != nil {
		var err error
		if target, err = w.found(a); err != nil {
			return "", err
		}
	}
	if target == "" {
		return "", nil
	}
	base, err := url.Parse(a.URL)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(target)
	if err != nil {
		return "", sdk.WithCode(fmt.Errorf("the next page's URL is none: %.200q", target), codeAnswerMalformed)
	}
	if origin(u) != origin(w.start) {
		return "", permanent(codeNextElsewhere, fmt.Errorf("the next page is on %.200q, and pages are followed on %s alone: a class that is granted the other server can call it as url", origin(u), origin(w.start)))
	}
	u.Fragment = ""
	return u.String(), nil
}
