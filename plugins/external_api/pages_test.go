package main

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

func TestPagesFollowTheLinkHeader(t *testing.T) {
	api := func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		if n < 2 {
			w.Header().Add("Link", `<https://a/first>; rel="first", </items?page=`+strconv.Itoa(n+1)+`&q=a,b>; title="a, \"b"; REL="prev next"`)
		}
		fmt.Fprintf(w, `[%d, {"credential": %q}]`, n, r.Header.Get("Authorization"))
	}
	c := config{URL: "https://a/items", Credential: "k", Pages: &pages{By: byLink, Items: `.[] | select(. != {})`}, Map: "map(numbers)"}
	wantOutput(t, send(t, c, `{}`, api), `{"status":200,"mapped":[0,1,2],"pages":3}`)
}

func TestPagesFollowAURLInTheBody(t *testing.T) {
	api := func(w http.ResponseWriter, r *http.Request) {
		next := `"https://A:443/items?after=1"`
		if r.URL.Query().Get("after") != "" {
			next = "null"
		}
		fmt.Fprintf(w, `{"next": %s, "data": ["x"]}`, next)
	}
	wantOutput(t, send(t, config{URL: "https://a/items", Pages: &pages{By: byLink, Next: ".next", Items: ".data[]"}}, `{}`, api), `{"status":200,"body":["x","x"],"pages":2}`)
}

func TestPagesFollowACursor(t *testing.T) {
	api := func(w http.ResponseWriter, r *http.Request) {
		next := map[string]string{"": `"a&b"`, "a&b": "7", "7": "null"}[r.URL.Query().Get("cursor")]
		fmt.Fprintf(w, `{"meta": {"next": %s}, "data": [%q]}`, next, r.URL.RawQuery)
	}
	c := config{URL: "https://a/items?x=1", Query: map[string]string{"size": "{size}"}, Pages: &pages{By: byCursor, Parameter: "cursor", Next: ".meta.next", Items: ".data[]"}}
	wantOutput(t, send(t, c, `{"size":2}`, api), `{"status":200,"body":["x=1&size=2","x=1&cursor=a%26b&size=2","x=1&cursor=7&size=2"],"pages":3}`)
}

func TestPagesAreNumberedUntilOneIsEmpty(t *testing.T) {
	api := func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("p"))
		fmt.Fprint(w, []string{"[0]", "[1]", "[2]", "[]"}[n])
	}
	wantOutput(t, send(t, config{URL: "https://a/", Pages: &pages{By: byNumber, Parameter: "p"}}, `{}`, api), `{"status":200,"body":[1,2],"pages":3}`)
	wantOutput(t, send(t, config{URL: "https://a/", Pages: &pages{By: byNumber, Parameter: "p", Max: 2}}, `{}`, api), `{"status":200,"body":[1,2],"pages":2,"truncated":true}`)
}

func TestPagesEndByTheirBounds(t *testing.T) {
	n := 0
	endless := func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(w, `{"next": %d, "data": ["%01000d"]}`, n, n)
	}
	c := config{URL: "https://a/", Pages: &pages{By: byCursor, Parameter: "c", Next: ".next", Items: "empty", Max: 7}}
	wantOutput(t, send(t, c, `{}`, endless), `{"status":200,"body":[],"pages":7,"truncated":true}`)
	c.MaxBytes = 2500
	wantError(t, send(t, c, `{}`, endless), abi.StatusFail, codeAnswerTooLarge, "page 3")
}

func TestPagesDoNotGoInCirclesOrElsewhere(t *testing.T) {
	circle := config{URL: "https://a/", Pages: &pages{By: byCursor, Parameter: "c", Next: ".next", Items: "empty"}}
	wantError(t, send(t, circle, `{}`, answers(200, `{"next": "same"}`)), abi.StatusFail, codePagesRepeat, "page 2")
	link := config{URL: "https://a/", Pages: &pages{By: byLink}}
	for _, elsewhere := range []string{"https://b/x", "http://a/x", "//b/x", "https://a:8443/", "https://a@b/"} {
		wantError(t, send(t, link, `{}`, answers(200, `[]`, "Link", "<"+elsewhere+">; rel=next")), abi.StatusFail, codeNextElsewhere, "https://a:443 alone")
	}
	wantError(t, send(t, link, `{}`, answers(200, `[]`, "Link", "<https://a:b/>; rel=next")), abi.StatusRetry, codeAnswerMalformed, "is none")
}

func TestAPageThatFailsFailsTheAttempt(t *testing.T) {
	c := config{URL: "https://a/", Pages: &pages{By: byNumber, Parameter: "p"}}
	got := send(t, c, `{}`, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("p") == "2" {
			answers(429, "slow down", "Retry-After", "3")(w, r)
			return
		}
		fmt.Fprint(w, `[1]`)
	})
	wantError(t, got, abi.StatusRetry, codeUnavailable, "page 2: ")
	if got.RetryAfterMS != 3000 {
		t.Errorf("after %d ms", got.RetryAfterMS)
	}
	c.Pages.Items = ".nothing"
	wantError(t, send(t, c, `{}`, answers(200, `[1]`)), abi.StatusFail, codeExpressionFailed, "pages.items: ")
}

func TestACancelledAttemptAsksForNoMorePages(t *testing.T) {
	c := config{URL: "https://a/", Pages: &pages{By: byNumber, Parameter: "p"}}
	got := send(t, c, `{}`, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }, sdktest.Cancelled())
	if got.Status != abi.StatusRetry {
		t.Errorf("got %s %v", got.Status, got.Error)
	}
}

func TestLinkHeadersAreReadAsTheyAreWritten(t *testing.T) {
	for header, want := range map[string]string{
		`</a>; rel=next`: "/a",
		`</a>; rel="prev", </b>; rel="next last"`:      "/b",
		`</a>; title="x, y"; rel="prev",</b>;rel=NEXT`: "/b",
		`</a,b;c>; rel="next"`:                         "/a,b;c",
		`</a>; rel="nextish"`:                          "",
		`</a>`:                                         "",
		`next`:                                         "",
		`<`:                                            "",
		`</a; rel=next`:                                "",
		`</a>; title="; rel=next"; rel=prev, </b>; rel=prev`: "",
	} {
		if got := nextLink([]string{header}); got != want {
			t.Errorf("%s leads to %q, want %q", header, got, want)
		}
	}
}
