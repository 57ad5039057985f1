package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// answer is one that the config calls a success.
type answer struct {
	sdk.Response
	text  []byte // its body, decompressed
	value any    // what the text says, when it is JSON
}

// maxExcerpt is how much of an answer an error tells, in bytes.
const maxExcerpt = 500

func (a *answer) excerpt() []byte { return a.text[:min(len(a.text), maxExcerpt)] }

// ask sends one request, and takes at most left bytes for an answer.
func (p *plan) ask(ctx context.Context, r sdk.Request, left int64) (answer, error) {
	got, err := sdk.Fetch(ctx, r)
	if err != nil {
		return answer{}, err
	}
	a := answer{Response: got}
	unpacked := a.unpack(left)
	if !p.succeeded(a.Status) {
		return a, p.failure(r, a) // whatever its body
	}
	if unpacked != nil || p.Answer != answerJSON || len(bytes.TrimSpace(a.text)) == 0 {
		return a, unpacked
	}
	if a.value, err = decode(a.text); err != nil {
		return a, sdk.WithCode(fmt.Errorf("the answer of status %d is no JSON: %w: %q", a.Status, err, a.excerpt()), codeAnswerMalformed)
	}
	return a, nil
}

// unpack undoes the content-encoding, up to so many bytes.
func (a *answer) unpack(most int64) error {
	var body io.Reader = bytes.NewReader(a.Body)
	switch encoding := strings.ToLower(strings.Join(a.Header["content-encoding"], ",")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return sdk.WithCode(fmt.Errorf("the answer says that it is gzip, and is not: %w", err), codeAnswerMalformed)
		}
		body = unzipped
	default:
		return permanent(codeAnswerEncoded, fmt.Errorf("the answer is encoded as %.40q: this plugin undoes gzip and nothing else", encoding))
	}
	text, err := io.ReadAll(io.LimitReader(body, most+1))
	switch {
	case int64(len(text)) > most:
		a.text = text[:most]
		return permanent(codeAnswerTooLarge, fmt.Errorf("the answers are larger than %d bytes more, which is what max_bytes leaves: ask for less, or raise it", most))
	case err != nil:
		return sdk.WithCode(fmt.Errorf("the answer is broken gzip: %w", err), codeAnswerMalformed)
	}
	a.text = text
	return nil
}

// failure judges an answer by its status.
func (p *plan) failure(r sdk.Request, a answer) error {
	text := a.excerpt()
	err := &abi.Error{Code: codeRefused}
	err.Detail, _ = json.Marshal(map[string]any{"status": a.Status, "body": strings.ReplaceAll(strings.ToValidUTF8(string(text), "�"), "\x00", "�")}) // a text and a number encode
	err.Message = fmt.Sprintf("%s %s answered %d: %q", r.Method, shown(r.URL), a.Status, text)
	if p.retryable(a.Status) {
		err.Code = codeUnavailable
		if after, ok := retryAfter(a.Header); ok {
			return sdk.RetryAfter(err, min(after, p.maxRetryAfter()))
		}
		return err
	}
	if 300 <= a.Status && a.Status <= 399 {
		err.Message = fmt.Sprintf("%s %s answered %d and would redirect to %.200q: change url, or set \"follow_redirects\": true", r.Method, shown(r.URL), a.Status, strings.Join(a.Header["location"], ","))
	}
	return sdk.Permanent(err)
}

// shown is a URL without its query, which may hold what errors should not.
func shown(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return path
}
