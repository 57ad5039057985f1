package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

type object = map[string]any

// send runs one job against an API.
func send(t *testing.T, c any, payload string, api http.HandlerFunc, more ...sdktest.Option) abi.Result {
	t.Helper()
	options := append([]sdktest.Option{sdktest.Config(c), sdktest.Payload(payload), sdktest.HTTP(api)}, more...)
	return sdktest.Run(t, call, nil, options...).Result
}

func answers(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // to memory
	}
}

func wantOutput(t *testing.T, got abi.Result, want string) {
	t.Helper()
	if got.Status != abi.StatusOK || string(got.Output) != want {
		t.Errorf("got %s %s %v, want %s", got.Status, got.Output, got.Error, want)
	}
}

func wantError(t *testing.T, got abi.Result, status abi.Status, code abi.Code, says string) {
	t.Helper()
	if got.Status != status || got.Error == nil || got.Error.Code != code || !strings.Contains(got.Error.Message, says) {
		t.Errorf("got %s %v %s, want %s %s that says %q", got.Status, got.Error, got.Output, status, code, says)
	}
}

func TestThePayloadFillsTheRequest(t *testing.T) {
	var got string
	api := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("X-Tenant"), " ", r.Header.Get("Idempotency-Key"), " ",
			r.Header.Get("Authorization"), " ", r.Header.Get("Content-Type"), " ", string(body))
		answers(201, `{"id": 12345678901234567890, "rate": 1.10}`)(w, r)
	}
	c := config{Method: "POST", URL: "https://api.example/v1/users/{user.id}/notes?lang={lang}", Query: map[string]string{"limit": "{limit}", "cursor": "{cursor}"},
		Headers: map[string]string{"X-Tenant": "t-{tenant}"}, Body: `{text: .note, at: .user.id}`, Credential: "notes", IdempotencyHeader: "Idempotency-Key"}
	job := abi.Job{ID: 1, Class: "c", Attempt: 1, MaxAttempts: 1, Deadline: time.Now().Add(time.Minute), IdempotencyKey: "note-7"}
	result := send(t, c, `{"user":{"id":98765432109876543210},"lang":"d e","limit":5,"tenant":true,"note":"<hi>"}`, api, sdktest.Job(job))
	wantOutput(t, result, `{"status":201,"body":{"id":12345678901234567890,"rate":1.10},"pages":1}`)
	want := `POST https://api.example/v1/users/98765432109876543210/notes?lang=d%20e&limit=5 t-true note-7 credential notes application/json {"at":98765432109876543210,"text":"<hi>"}`
	if got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

func TestAValueStaysOneSegmentOfThePath(t *testing.T) {
	for value, want := range map[string]string{
		"a/b?c#d":                "/v1/a%2Fb%3Fc%23d/x",
		"a b%2e":                 "/v1/a%20b%252e/x",
		"@evil.example:80":       "/v1/%40evil.example%3A80/x",
		"é&=+":                   "/v1/%C3%A9%26%3D%2B/x",
		"..hidden":               "/v1/..hidden/x",
		"//evil.example":         "/v1/%2F%2Fevil.example/x",
		"{user}":                 "/v1/%7Buser%7D/x",
		"https://evil.example/y": "/v1/https%3A%2F%2Fevil.example%2Fy/x",
	} {
		payload, _ := json.Marshal(object{"id": value})
		var got, host string
		send(t, config{URL: "https://api.example/v1/{id}/x"}, string(payload), func(_ http.ResponseWriter, r *http.Request) {
			got, host = r.URL.EscapedPath(), r.Host
		})
		if got != want || host != "api.example" {
			t.Errorf("%q became %s on %s, want %s", value, got, host, want)
		}
	}
}

func TestAValueThatWouldMakeAnotherRequestIsRefused(t *testing.T) {
	never := func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }
	for name, payload := range map[string]string{
		"up":                      `{"id":".."}`,
		"here":                    `{"id":"."}`,
		"up behind a slash":       `{"id":"a/../../admin"}`,
		"up behind a backslash":   `{"id":"..\\admin"}`,
		"up with a parameter":     `{"id":"..;x=1"}`,
		"nothing":                 `{"id":""}`,
		"a line break":            `{"id":"a\r\nHost: b"}`,
		"no such field":           `{}`,
		"null":                    `{"id":null}`,
		"an array":                `{"id":[1]}`,
		"an object":               `{"id":{}}`,
		"a payload of text":       `"x"`,
		"a line break for header": `{"id":1,"h":"a\r\nAuthorization: b"}`,
	} {
		c := config{URL: "https://api.example/v1/{id}", Headers: map[string]string{"X-H": "{h}"}}
		got := send(t, c, payload, never)
		if got.Status != abi.StatusFail || got.Error.Code != abi.CodePayloadInvalid {
			t.Errorf("%s: %s %v", name, got.Status, got.Error)
		}
	}
}

func TestAConfigThatCanNotBeMeantIsPermanent(t *testing.T) {
	for says, c := range map[string]object{
		"choose the host":         {"url": "https://{host}/x"},
		"begin with https":        {"url": "ftp://a/x"},
		"credentials are named":   {"url": "https://u:p@a/x"},
		"fragment":                {"url": "https://a/x#y"},
		"is no name":              {"url": "https://a/{+x}"},
		"brace stands alone":      {"url": "https://a/{x"},
		"uri":                     {"uri": "https://a/"},
		"body: ":                  {"url": "https://a/", "body": "{a: "},
		"nofunction/0":            {"url": "https://a/", "map": "nofunction"},
		"pages.by":                {"url": "https://a/", "pages": object{"by": "magic"}},
		"pages.parameter":         {"url": "https://a/", "pages": object{"by": "number"}},
		"pages.next is missing":   {"url": "https://a/", "pages": object{"by": "cursor", "parameter": "c"}},
		"another request":         {"url": "https://a/", "pages": object{"by": "link"}, "idempotency_header": "K"},
		"need JSON":               {"url": "https://a/", "answer": "text", "map": "."},
		"none of json, text":      {"url": "https://a/", "answer": "xml"},
		"gzip can't go":           {"url": "https://a/", "gzip": true, "credential": "c"},
		"can't be negative":       {"url": "https://a/", "max_bytes": -1},
		`input(s)/0 is not allow`: {"url": "https://a/", "body": "input"},
	} {
		wantError(t, send(t, c, `{}`, answers(200, `{}`)), abi.StatusFail, codeConfigInvalid, says)
	}
}

func TestAnAnswerIsMappedAsTheClassSays(t *testing.T) {
	api := answers(200, `{"data":{"n":[1,2.50]}}`)
	wantOutput(t, send(t, config{URL: "https://a/", Map: ".data.n"}, `{}`, api), `{"status":200,"mapped":[1,2.50],"pages":1}`)
	wantOutput(t, send(t, config{URL: "https://a/", Answer: "text"}, `{}`, api), `{"status":200,"body":"{\"data\":{\"n\":[1,2.50]}}","pages":1}`)
	wantOutput(t, send(t, config{URL: "https://a/", Answer: "none"}, `{}`, api), `{"status":200,"pages":1}`)
	wantOutput(t, send(t, config{URL: "https://a/"}, `{}`, answers(204, "")), `{"status":204,"body":null,"pages":1}`)
	wantOutput(t, send(t, config{URL: "https://a/", Success: []int{404}}, `{}`, answers(404, `"none"`)), `{"status":404,"body":"none","pages":1}`)
	wantError(t, send(t, config{URL: "https://a/", Map: ".data.n[]"}, `{}`, api), abi.StatusFail, codeExpressionFailed, "exactly one result")
	wantError(t, send(t, config{URL: "https://a/", Map: ".data + 1"}, `{}`, api), abi.StatusFail, codeExpressionFailed, "map: cannot add")
}

func TestATextBodyIsSentAsItIs(t *testing.T) {
	var got string
	c := config{Method: "POST", URL: "https://a/", Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"}, Body: `"a=\(.a|@uri)"`}
	send(t, c, `{"a":"b c"}`, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(r.Header.Values("Content-Type"), string(body))
	})
	if got != "[application/x-www-form-urlencoded]a=b%20c" {
		t.Errorf("sent %s", got)
	}
}

func TestAStatusDecidesWhetherAnotherAttemptIsWorthIt(t *testing.T) {
	soon := time.Now().Add(time.Hour).UTC()
	for name, c := range map[string]struct {
		status int
		after  []string
		want   abi.Status
		ms     int64
	}{
		"429 with seconds":          {429, []string{"Retry-After", "7"}, abi.StatusRetry, 7_000},
		"503 with a date":           {503, []string{"Retry-After", soon.Add(9 * time.Second).Format(http.TimeFormat), "Date", soon.Format(http.TimeFormat)}, abi.StatusRetry, 9_000},
		"503 with a date gone by":   {503, []string{"Retry-After", soon.Add(-time.Hour).Format(http.TimeFormat), "Date", soon.Format(http.TimeFormat)}, abi.StatusRetry, 0},
		"more than the cap":         {429, []string{"Retry-After", "86400"}, abi.StatusRetry, 60_000},
		"more than a duration":      {429, []string{"Retry-After", "9223372036854775807"}, abi.StatusRetry, 60_000},
		"nonsense":                  {429, []string{"Retry-After", "soon"}, abi.StatusRetry, 0},
		"a negative number":         {429, []string{"Retry-After", "-5"}, abi.StatusRetry, 0},
		"500 without a header":      {500, nil, abi.StatusRetry, 0},
		"404 with one all the same": {404, []string{"Retry-After", "7"}, abi.StatusFail, 0},
		"302":                       {302, []string{"Location", "https://b/"}, abi.StatusFail, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, config{URL: "https://a/x?secret=1", MaxRetryAfterMS: 60_000}, `{}`, answers(c.status, "no\x00 such thing", c.after...))
			if got.Status != c.want || got.RetryAfterMS != c.ms {
				t.Errorf("got %s after %d ms: %v", got.Status, got.RetryAfterMS, got.Error)
			}
			if !strings.Contains(got.Error.Message, fmt.Sprint(c.status)) || strings.Contains(got.Error.Message, "secret=1") {
				t.Errorf("it says %s", got.Error.Message)
			}
		})
	}
	wantError(t, send(t, config{URL: "https://a/", Retry: []int{404}}, `{}`, answers(404, "")), abi.StatusRetry, codeUnavailable, "404")
	wantError(t, send(t, object{"url": "https://a/", "retry": []int{}}, `{}`, answers(500, "")), abi.StatusFail, codeRefused, "500")
}

func TestTheErrorTellsTheFirstPartOfTheAnswer(t *testing.T) {
	got := send(t, config{Method: "DELETE", URL: "https://a/x"}, `{}`, answers(409, `{"why":"locked"}`+strings.Repeat("x", 9_000)))
	wantError(t, got, abi.StatusFail, codeRefused, `DELETE https://a/x answered 409: "{\"why\":\"locked\"}`)
	var detail struct {
		Status int
		Body   string
	}
	if err := json.Unmarshal(got.Error.Detail, &detail); err != nil || detail.Status != 409 || len(detail.Body) != maxExcerpt {
		t.Errorf("detail is %s, %v", got.Error.Detail, err)
	}
}

func TestABrokenAnswerIsWorthAnotherAttempt(t *testing.T) {
	for name, api := range map[string]http.HandlerFunc{
		"no JSON":     answers(200, `<html>`),
		"half":        answers(200, `{"a":`),
		"two values":  answers(200, `{} {}`),
		"no gzip":     answers(200, `{}`, "Content-Encoding", "gzip"),
		"broken gzip": answers(200, string(zipped(t, []byte(`{"a":1}`))[:20]), "Content-Encoding", "gzip"),
	} {
		got := send(t, config{URL: "https://a/"}, `{}`, api)
		if got.Status != abi.StatusRetry || got.Error.Code != codeAnswerMalformed {
			t.Errorf("%s: %s %v", name, got.Status, got.Error)
		}
	}
}

func TestGzipIsUndoneAndABombIsNot(t *testing.T) {
	got := send(t, config{URL: "https://a/", Gzip: true}, `{}`, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") == "gzip" {
			answers(200, string(zipped(t, []byte(`{"a":1}`))), "Content-Encoding", "GZIP")(w, r)
		}
	})
	wantOutput(t, got, `{"status":200,"body":{"a":1},"pages":1}`)
	bomb := answers(200, string(zipped(t, make([]byte, 64<<20))), "Content-Encoding", "gzip")
	wantError(t, send(t, config{URL: "https://a/"}, `{}`, bomb), abi.StatusFail, codeAnswerTooLarge, "max_bytes")
	wantError(t, send(t, config{URL: "https://a/", MaxBytes: 10}, `{}`, answers(200, `"0123456789"`)), abi.StatusFail, codeAnswerTooLarge, "max_bytes")
	wantError(t, send(t, config{URL: "https://a/"}, `{}`, answers(200, "x", "Content-Encoding", "br")), abi.StatusFail, codeAnswerEncoded, `"br"`)
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnIdempotencyKeyIsNeededWhereItIsSent(t *testing.T) {
	c := config{Method: "POST", URL: "https://a/", IdempotencyHeader: "Idempotency-Key"}
	wantError(t, send(t, c, `{}`, answers(200, `{}`)), abi.StatusFail, abi.CodePayloadInvalid, "enqueue it with one")
}

func TestWithoutAGrantTheErrorIsTheHosts(t *testing.T) {
	got := sdktest.Run(t, call, nil, sdktest.Config(config{URL: "https://a/"})).Result
	wantError(t, got, abi.StatusFail, abi.CodeHTTPDenied, "")
}
