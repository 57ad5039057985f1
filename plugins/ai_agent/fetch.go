package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/lessee-run/lessee/sdk"
)

// maxExcerpt is how much of an answer an error tells, in bytes.
const maxExcerpt = 500

// fetch sends a request within the time budget, and takes an answer of at most
// so many bytes. What is worth another attempt is an error; other statuses than
// 200 to 299 are the caller's to judge.
func (a *agent) fetch(ctx context.Context, r sdk.Request, most int) (sdk.Response, error) {
	left := a.timeLeft()
	if left < minTime {
		return sdk.Response{}, a.exhausted(codeBudgetTime, "the time budget is used up")
	}
	if r.Timeout <= 0 || r.Timeout > left {
		r.Timeout = left
	}
	got, err := sdk.Fetch(ctx, r)
	switch {
	case err != nil && a.timeLeft() < minTime:
		return got, a.exhausted(codeBudgetTime, fmt.Sprintf("the time budget ended while an answer was waited for: %v", err))
	case err != nil:
		return got, err
	case len(got.Body) > most:
		return got, permanent(codeAnswerTooLarge, fmt.Errorf("%s answered with %d bytes, and at most %d are read", shown(r.URL), len(got.Body), most))
	}
	if got.Status == 408 || got.Status == 425 || got.Status == 429 || got.Status >= 500 {
		err := sdk.WithCode(fmt.Errorf("%s answered %d: %q", shown(r.URL), got.Status, excerpt(got.Body)), codeUnavailable)
		if after, ok := retryAfter(got.Header); ok {
			err = sdk.RetryAfter(err, min(after, a.config.maxRetryAfter()))
		}
		return got, err
	}
	if encoding := strings.Join(got.Header["content-encoding"], ","); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return got, permanent(codeAnswerEncoded, fmt.Errorf("%s encoded its answer as %.40q, which nobody asked for", shown(r.URL), encoding))
	}
	return got, nil
}

func excerpt(body []byte) []byte { return body[:min(len(body), maxExcerpt)] }

// shown is a URL without its query, which may hold what errors should not.
func shown(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return path
}
