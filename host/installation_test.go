package host_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// patience bounds every wait of these tests; a wait that ends by it is a failure.
const patience = 3 * time.Minute

// installation is a migrated database, a login for hosts, and what a test puts there.
type installation struct {
	t     *testing.T
	pool  *pgxpool.Pool // superuser
	dsn   string        // of the hosts' login, in role lessee_host and no more
	cache string
}

func install(t *testing.T) *installation {
	t.Helper()
	pool, dsn := postgrestest.Pool(t)
	return installOn(t, pool, dsn)
}

func installOn(t *testing.T, pool *pgxpool.Pool, dsn string) *installation {
	t.Helper()
	i := &installation{t: t, pool: pool, dsn: asLogin(t, dsn, "test_host"), cache: moduleCache}
	i.exec(`do $$ begin create role test_host login in role lessee_host; exception when duplicate_object or unique_violation then null; end $$`)
	i.goBehind(dsn)
	return i
}

func asLogin(t *testing.T, dsn, login string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(login)
	return u.String()
}

func (i *installation) exec(sql string, args ...any) {
	i.t.Helper()
	if _, err := i.pool.Exec(i.t.Context(), sql, args...); err != nil {
		i.t.Fatalf("%s: %v", sql, err)
	}
}

func scan[T any](i *installation, sql string, args ...any) (v T) {
	i.t.Helper()
	if err := i.pool.QueryRow(i.t.Context(), sql, args...).Scan(&v); err != nil {
		i.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// module registers bytes under their digest, or under another to be wrong about it.
func (i *installation) module(name string, wasm []byte) string {
	i.t.Helper()
	sum := sha256.Sum256(wasm)
	digest := hex.EncodeToString(sum[:])
	i.exec(`insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size) values ($1, $2, $3, 'core', $4, $5) on conflict do nothing`,
		digest, name, digest[:12], wasm, len(wasm))
	return digest
}

// class registers an enabled class of a module, with columns of the test's choosing.
func (i *installation) class(name, digest string, columns map[string]any) {
	i.t.Helper()
	i.exec(`insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason) values ($1, 'wasm', $2, true, 'test', 'test')`, name, digest)
	for column, value := range columns {
		i.exec(fmt.Sprintf("update lessee.executor_class_registry set %s = $1 where class = $2", column), value, name)
	}
}

// guest registers the tests' own guest as class "guest".
func (i *installation) guest(columns map[string]any) string {
	i.t.Helper()
	digest := i.module("guest", wasmtest.Build(i.t, "./testdata/guest"))
	i.class("guest", digest, columns)
	return digest
}

func (i *installation) enqueue(class, payload string) int64 {
	i.t.Helper()
	return scan[int64](i, "select lessee.fn_job_enqueue($1, $2)", class, payload)
}

// row is what these tests ask of a job.
type row struct {
	State   job.State
	Attempt int
	Crashes int
	Fence   int
	Output  *string
	Error   *string
}

func (i *installation) row(id int64) (r row) {
	i.t.Helper()
	err := i.pool.QueryRow(i.t.Context(), "select state, attempt, crash_count, fence, output::text, error::text from lessee.job where id = $1", id).
		Scan(&r.State, &r.Attempt, &r.Crashes, &r.Fence, &r.Output, &r.Error)
	if err != nil {
		i.t.Fatalf("job %d: %v", id, err)
	}
	return r
}

func (i *installation) awaitState(id int64, states ...job.State) row {
	i.t.Helper()
	var last row
	await(i.t, func() bool {
		last = i.row(id)
		for _, s := range states {
			if last.State == s {
				return true
			}
		}
		return false
	}, func() string { return fmt.Sprintf("job %d is %+v, waiting for %v", id, last, states) })
	return last
}

// code is the error code of a job's newest attempt.
func (i *installation) code(id int64) string {
	i.t.Helper()
	return scan[string](i, "select coalesce(error ->> 'code', '') from lessee.job_attempt where job_id = $1 order by fence desc limit 1", id)
}

// await polls until done; describe tells what it last saw.
func await(t *testing.T, done func() bool, describe func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up after %s: %s", patience, describe())
		}
		time.Sleep(10 * time.Millisecond) // the pace of the polling, not a synchronisation
	}
}

// host runs a daemon in this process until the test ends, or stop is called.
func (i *installation) host(change func(*host.Config)) (h *host.Host, stop func()) {
	i.t.Helper()
	cfg := testConfig(i.dsn, i.t.Name(), i.cache)
	if change != nil {
		change(&cfg)
	}
	return i.hostOf(cfg, zaptest.NewLogger(i.t))
}

// hostOf is host with a configuration and a log of the test's own.
func (i *installation) hostOf(cfg host.Config, log *zap.Logger) (h *host.Host, stop func()) {
	i.t.Helper()
	h, err := host.New(i.t.Context(), cfg, "test", log)
	if err != nil {
		i.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			i.t.Errorf("the host ended with: %v", err)
		}
	})
	i.t.Cleanup(stop)
	return h, stop
}

// process is a daemon of its own, to be killed and stopped by signals.
type process struct {
	*exec.Cmd
	mu  sync.Mutex
	log bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) said(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(p.log.String(), text)
}

func (i *installation) spawn(name string) *process {
	i.t.Helper()
	self, err := os.Executable()
	if err != nil {
		i.t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(self)}
	p.Env = append(os.Environ(), asHost+"="+i.dsn, asHost+"_NAME="+name, asHost+"_CACHE="+i.cache)
	p.Stdout, p.Stderr = p, p
	if err := p.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		p.Process.Kill() //nolint:errcheck // it may be gone
		p.Wait()         //nolint:errcheck // killed
		if i.t.Failed() {
			i.t.Logf("%s said:\n%s", name, p.log.String())
		}
	})
	await(i.t, func() bool { return p.said("module ready") || p.ProcessState != nil }, func() string { return name + " is not ready: " + p.log.String() })
	return p
}

// holder is the host that holds a job.
func (i *installation) holder(id int64) string {
	var name *string
	_ = i.pool.QueryRow(i.t.Context(), "select l.host from lessee.job_live q join lessee.dot_iu_runtime_lease l using (lease_id) where q.id = $1", id).Scan(&name)
	if name == nil {
		return ""
	}
	return *name
}

func payload(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
