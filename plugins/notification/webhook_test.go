package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

// seen is a request that a server got.
type seen struct {
	header http.Header
	body   string
}

// listen is a server that keeps what it gets and answers as answer does.
func listen(t *testing.T, answer http.HandlerFunc) (url string, requests func() []seen) {
	t.Helper()
	var mu sync.Mutex
	var got []seen
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		got = append(got, seen{r.Header, string(body)})
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []seen {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func accepts(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }

const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	nextSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var hookEnv = map[string]string{"HOOK": hookSecret}

func hookConfig(url string) config {
	return config{Channels: map[string]channel{"hook": {Type: "webhook", URL: url, Secret: "HOOK", TimeoutMS: 10_000}}}
}

func tellHook() in {
	return in{Notice: "order.shipped", To: []recipient{{Channel: "hook"}}, Data: []byte(`{"order": 9007199254740993, "note": "<ü>"}`)}
}

func TestWebhook_IsSignedAsStandardWebhooksHasIt(t *testing.T) {
	url, requests := listen(t, accepts)
	got := run(t, hookConfig(url), tellHook(), map[string]string{"HOOK": hookSecret + " " + nextSecret})
	if got.Result.Status != abi.StatusOK || len(requests()) != 1 {
		t.Fatalf("%v; %d requests", got.Result.Error, len(requests()))
	}
	r := requests()[0]
	if want := `{"type":"order.shipped","timestamp":"2026-01-02T03:04:05Z","data":{"note":"<ü>","order":9007199254740993}}`; r.body != want {
		t.Errorf("the body is %s, want %s", r.body, want)
	}
	sent, err := strconv.ParseInt(r.header.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > time.Minute {
		t.Errorf("the time is %d, %v", sent, err)
	}
	content := r.header.Get("webhook-id") + "." + r.header.Get("webhook-timestamp") + "." + r.body
	if want := signature(t, hookSecret, content) + " " + signature(t, nextSecret, content); r.header.Get("webhook-signature") != want {
		t.Errorf("the signature is %s, want %s", r.header.Get("webhook-signature"), want)
	}
	if id := r.header.Get("webhook-id"); id != got.Output.ID || !strings.HasPrefix(id, "msg_") || r.header.Get("Idempotency-Key") != id {
		t.Errorf("the id is %q, the output says %q", id, got.Output.ID)
	}
}

func signature(t *testing.T, secret, content string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(content))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// The example of the specification.
func TestWebhook_SignsAsTheSpecificationsExample(t *testing.T) {
	got, err := (&message{}).sign(hookSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."+`{"test": 2432232314}`)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestWebhook_DoesWhatTheStatusSays(t *testing.T) {
	for status, want := range map[int]struct {
		status abi.Status
		code   abi.Code
	}{
		400: {abi.StatusFail, codeRefused}, 401: {abi.StatusFail, codeRefused}, 410: {abi.StatusFail, codeRefused}, 302: {abi.StatusFail, codeRefused},
		408: {abi.StatusRetry, codeDeferred}, 429: {abi.StatusRetry, codeDeferred}, 500: {abi.StatusRetry, codeDeferred}, 503: {abi.StatusRetry, codeDeferred},
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			elsewhere, wandered := listen(t, accepts)
			url, requests := listen(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "because\x00  of "+strings.Repeat("this ", 200))
			})
			got := run(t, hookConfig(url), tellHook(), hookEnv)
			wantError(t, got, want.status, want.code, strconv.Itoa(status))
			if len(requests()) != 1 || len(wandered()) != 0 {
				t.Errorf("%d requests, and %d to elsewhere", len(requests()), len(wandered()))
			}
			if len(got.Result.Error.Message) > 500 || status != 302 && !strings.Contains(got.Result.Error.Message, "because of this") {
				t.Errorf("it says %s", got.Result.Error.Message)
			}
		})
	}
}

func TestWebhook_WaitsAsLongAsItIsAskedTo(t *testing.T) {
	for text, want := range map[string]int64{"7": 7000, "0.5": 500, "999999999": time.Hour.Milliseconds(), "-1": 0, "soon": 0} {
		url, _ := listen(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		if got := run(t, hookConfig(url), tellHook(), hookEnv); got.Result.RetryAfterMS != want {
			t.Errorf("%s: it waits %d ms, want %d", text, got.Result.RetryAfterMS, want)
		}
	}
}

func TestWebhook_ThatGotNoAnswerHasTheSameIDAgain(t *testing.T) {
	var cut atomic.Bool
	cut.Store(true)
	url, requests := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if cut.Load() {
			panic(http.ErrAbortHandler)
		}
		accepts(w, r)
	})
	c := hookConfig(url)
	wantError(t, run(t, c, tellHook(), hookEnv), abi.StatusRetry, codeUnknown, "not known", "same id")
	if len(requests()) != 1 {
		t.Fatalf("one attempt made %d requests", len(requests()))
	}
	cut.Store(false)
	again := thirdJob
	again.Attempt = 2
	if got := run(t, c, tellHook(), hookEnv, sdktest.Job(again)); got.Result.Status != abi.StatusOK {
		t.Fatalf("%v", got.Result.Error)
	}
	if requests()[0].header.Get("webhook-id") != requests()[1].header.Get("webhook-id") {
		t.Error("the second attempt has another id")
	}
}

func TestWebhook_ThatTakesTooLongIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	url, _ := listen(t, func(http.ResponseWriter, *http.Request) { <-release })
	c := hookConfig(url)
	ch := c.Channels["hook"]
	ch.TimeoutMS, ch.WhenUnsure = 100, "fail"
	c.Channels["hook"] = ch
	wantError(t, run(t, c, tellHook(), hookEnv), abi.StatusFail, codeUnknown)
}

func TestWebhook_WithoutServerOrSecretSendsNothing(t *testing.T) {
	wantError(t, run(t, hookConfig("http://127.0.0.1:1/x"), tellHook(), hookEnv), abi.StatusRetry, codeUnreachable, "refused")
	url, requests := listen(t, accepts)
	wantError(t, run(t, hookConfig(url), tellHook(), nil), abi.StatusRetry, codeSecretMissing, "HOOK")
	wantError(t, run(t, hookConfig(url), tellHook(), map[string]string{"HOOK": "whsec_short"}), abi.StatusFail, codeConfigInvalid, "whsec_")
	wantError(t, run(t, hookConfig("ftp://x"), tellHook(), hookEnv), abi.StatusFail, codeConfigInvalid, "https")
	if len(requests()) != 0 {
		t.Errorf("%d requests", len(requests()))
	}
}

// A kept connection that breaks makes net/http send a request with an
// Idempotency-Key again, by itself.
func TestWebhook_IsSentOnceInAnAttempt(t *testing.T) {
	var count atomic.Int32
	url, requests := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		accepts(w, r)
	})
	n := newNotifier(func(string) (string, bool) { return hookSecret, true })
	h := sdk.Handler[in, out](func(ctx context.Context, p in) (out, error) { return n.handle(ctx, p) })
	for range 2 {
		sdktest.Run(t, h, tellHook(), sdktest.Config(hookConfig(url)))
	}
	if len(requests()) != 2 {
		t.Errorf("two attempts made %d requests", len(requests()))
	}
}

func TestChat_SpeaksAsEachKindDoes(t *testing.T) {
	data := `{"order": 7, "name": "<!channel> & @all", "lines": [], "total": 1}`
	for style, want := range map[string]string{
		"slack":      `{"text":"Order 7 of &lt;!channel&gt; &amp; @all"}`,
		"mattermost": `{"text":"Order 7 of <!channel> & @` + "\u200b" + `all"}`,
		"discord":    `{"allowed_mentions":{"parse":[]},"content":"Order 7 of <!channel> & @all"}`,
	} {
		url, requests := listen(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
		c := config{Channels: map[string]channel{"ops": {Type: "chat", Style: style, Secret: "OPS_URL"}}, Notices: notices()}
		p := in{Notice: "shipped", To: []recipient{{Channel: "ops"}}, Data: []byte(data)}
		got := run(t, c, p, map[string]string{"OPS_URL": url + "/services/T0/B0/verysecret"})
		if got.Result.Status != abi.StatusOK || requests()[0].body != want || got.Output.Response != "200 OK ok" {
			t.Errorf("%s: %v, %s, %+v, want %s", style, got.Result.Error, requests()[0].body, got.Output, want)
		}
	}
}

func TestChat_KeepsItsURLToItself(t *testing.T) {
	url, _ := listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no service at "+r.URL.Path, http.StatusNotFound)
	})
	c := config{Channels: map[string]channel{"ops": {Type: "chat", Style: "slack", Secret: "OPS_URL"}}, Notices: notices()}
	p := in{Notice: "shipped", To: []recipient{{Channel: "ops"}}, Data: []byte(shipped)}
	for _, to := range []string{url + "/services/verysecret", "http://127.0.0.1:1/services/verysecret", "ftp://x/services/verysecret", "http://verysecret:99999999/", "%zzverysecret"} {
		got := run(t, c, p, map[string]string{"OPS_URL": to})
		said, err := json.Marshal(got)
		if err != nil || got.Result.Status == abi.StatusOK || strings.Contains(string(said), "verysecret") {
			t.Errorf("it says %s, %v", said, err)
		}
	}
}

func TestChat_RefusesWhatIsTooLong(t *testing.T) {
	c := config{Channels: map[string]channel{"ops": {Type: "chat", Style: "discord", Secret: "OPS_URL"}}, Notices: map[string]notice{"long": {Text: "{{.a}}"}}}
	p := in{Notice: "long", To: []recipient{{Channel: "ops"}}, Data: []byte(`{"a": "` + strings.Repeat("ü", 2001) + `"}`)}
	wantError(t, run(t, c, p, map[string]string{"OPS_URL": "http://127.0.0.1:1"}), abi.StatusFail, codeTemplateFailed, "2001 characters", "2000")
}
