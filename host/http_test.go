package host_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/sdk"
)

// fetcher registers class "fetcher" with a grant for server and the credential "key".
func (i *installation) fetcher(server *httptest.Server) {
	i.t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		i.t.Fatal(err)
	}
	grant := fmt.Sprintf(`{"http": [{"scheme": "http", "host": %q, "port": %s, "methods": ["GET", "POST"], "allow_private": true, "credentials": ["key"]}]}`, u.Hostname(), u.Port())
	i.class("fetcher", i.module("fetcher", wasmtest.Build(i.t, "./testdata/fetcher")), map[string]any{"grants": json.RawMessage(grant)})
}

func TestHost_SendsGrantedRequestsAndRecordsThem(t *testing.T) {
	t.Parallel()
	i := install(t)
	var traceparent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		traceparent = r.Header.Get("Traceparent")
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}))
	t.Cleanup(server.Close)
	i.fetcher(server)
	i.host(nil)
	id := i.enqueue("fetcher", payload(t, object{"Requests": []sdk.Request{{Method: "POST", URL: server.URL + "/v1?q=hidden", Body: []byte("hello")}}}))
	if r := i.awaitState(id, job.Succeeded, job.DeadLettered); r.Error != nil {
		t.Fatal(*r.Error)
	}
	if body := scan[string](i, "select convert_from(decode(output #>> '{Responses,0,Body}', 'base64'), 'utf8') from lessee.job_final where job_id = $1", id); body != "POST hello" {
		t.Errorf("the guest got %q", body)
	}
	i.awaitTrue("the attempt's record has the request",
		`select trace_id = $2 and requests #>> '{0,status}' = '200' and requests #>> '{0,url}' = $3 and (requests #>> '{0,span_id}') = $4
			and (usage ->> 'http_calls')::int = 1 and (usage ->> 'http_bytes')::int > 100
		 from lessee.job_attempt where job_id = $1`, id, traceparent[3:35], server.URL+"/v1", traceparent[36:52])
	id = i.enqueue("fetcher", payload(t, object{"Requests": []sdk.Request{{URL: strings.Replace(server.URL, "127.0.0.1", "localhost", 1)}}}))
	i.awaitState(id, job.DeadLettered)
	if code := i.code(id); code != "http_denied" {
		t.Errorf("a host that was not granted: %s", code)
	}
}

// transcript keeps all that a host logs.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *transcript) Sync() error { return nil }

const secret = "correct-horse-battery-staple"

func TestHost_KeepsSecretsFromGuestsLogsAttemptsAndTheDatabase(t *testing.T) {
	t.Parallel()
	i := install(t)
	file := t.TempDir() + "/key"
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var seen sync.Map // what the server got, by path
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.URL.Path, r.Header.Get("Authorization"))
		if r.URL.Path == "/echo" {
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		}
	}))
	t.Cleanup(server.Close)
	i.fetcher(server)
	u, _ := url.Parse(server.URL)
	i.exec(`insert into lessee.secret_binding (name, source, reference, hosts, owner, reason) values ('key', 'file', $1, array[$2], 'test', 'test')`, file, u.Hostname())
	log := &transcript{}
	i.hostOf(testConfig(i.dsn, t.Name(), i.cache), zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), log, zapcore.DebugLevel)))

	get := func(path string) []sdk.Request { return []sdk.Request{{URL: server.URL + path, Credential: "key"}} }
	for _, c := range []struct {
		name  string
		in    object
		code  string // of the failure; empty: it succeeds
		found bool
	}{
		{"sends it and looks for it", object{"Requests": get("/plain"), "Seek": turned(secret)}, "", false},
		{"looks for what is there", object{"Say": turned("harmless"), "Seek": turned("harmless")}, "", true},
		{"gets an answer that holds it", object{"Requests": get("/echo")}, "http_secret", false},
		{"has it from elsewhere and logs it", object{"Say": turned(secret)}, "", false},
		{"has it from elsewhere and returns it", object{"Say": turned(secret), "Return": true}, "result_secret", false},
		{"has it from elsewhere and fails with it", object{"Say": turned(secret), "Fail": true}, "result_secret", false},
	} {
		id := i.enqueue("fetcher", payload(t, c.in))
		i.awaitState(id, job.Succeeded, job.DeadLettered, job.RetryWait)
		if code := i.code(id); code != c.code {
			t.Errorf("a guest that %s: code %q, want %q", c.name, code, c.code)
		}
		if c.code == "" && c.found != scan[bool](i, "select (output ->> 'Found')::bool from lessee.job_final where job_id = $1", id) {
			t.Errorf("a guest that %s: found is not %t", c.name, c.found)
		}
	}
	if got, _ := seen.Load("/plain"); got != "Bearer "+secret {
		t.Errorf("the server got %v", got)
	}
	i.mustNotHold(log, secret)
}

// turned is text with every bit turned over.
func turned(text string) []byte {
	out := []byte(text)
	for n := range out {
		out[n] = ^out[n]
	}
	return out
}

// mustNotHold looks for text in every row of every table, and in the log.
func (i *installation) mustNotHold(log *transcript, text string) {
	i.t.Helper()
	log.mu.Lock()
	defer log.mu.Unlock()
	if strings.Contains(log.text.String(), text) {
		i.t.Error("the host's log holds the secret")
	}
	rows, err := i.pool.Query(i.t.Context(), "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'lessee'")
	if err != nil {
		i.t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			i.t.Fatal(err)
		}
		tables = append(tables, table)
	}
	if len(tables) < 10 {
		i.t.Fatalf("only %v was searched", tables)
	}
	for _, table := range tables {
		if n := scan[int](i, "select count(*) from "+table+" t where strpos(t::text, $1) > 0", text); n != 0 {
			i.t.Errorf("%d rows of %s hold the secret", n, table)
		}
	}
}
