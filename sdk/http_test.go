package sdk_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

type fetched struct {
	Status int
	Body   string
	Header []string
}

func fetch(ctx context.Context, r sdk.Request) (fetched, error) {
	answer, err := sdk.Fetch(ctx, r)
	return fetched{answer.Status, string(answer.Body), answer.Header["x-seen"]}, err
}

func TestFetch_SendsTheRequestAndReturnsTheAnswerWhateverItsStatus(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Header.Get("X-Sent")+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
	})
	in := sdk.Request{Method: "PUT", URL: "https://api.example.com/v1?q=1", Header: map[string][]string{"x-sent": {"a"}}, Body: []byte("hello"), Credential: "key", Timeout: time.Second}
	a := sdktest.Run(t, fetch, in, sdktest.HTTP(handler))
	if got := a.Output; got.Status != 418 || got.Body != "PUT https://api.example.com/v1?q=1 hello" || len(got.Header) != 1 || got.Header[0] != "a credential key" {
		t.Errorf("%+v, error %v", got, a.Result.Error)
	}
}

func TestFetch_FailsForGoodWhatNoRepetitionMends(t *testing.T) {
	a := sdktest.Run(t, fetch, sdk.Request{URL: "https://api.example.com/"})
	if a.Result.Status != abi.StatusFail || a.Result.Error.Code != abi.CodeHTTPDenied {
		t.Errorf("%+v", a.Result)
	}
}

func TestFetch_NeedsTheHandlersContext(t *testing.T) {
	if _, err := sdk.Fetch(context.Background(), sdk.Request{URL: "https://api.example.com/"}); err == nil {
		t.Error("it was sent by nobody")
	}
}
