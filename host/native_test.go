//go:build linux

package host_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
)

var nativeBuilt struct {
	sync.Mutex
	programs map[string][]byte
}

// native builds a plugin of the native engine's tests, with a mark in it that
// tells it from others, and registers it.
func (i *installation) native(name, mark string) string {
	i.t.Helper()
	nativeBuilt.Lock()
	defer nativeBuilt.Unlock()
	program := nativeBuilt.programs[name]
	if program == nil {
		path := filepath.Join(i.t.TempDir(), name)
		if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./internal/process/testdata/"+name).CombinedOutput(); err != nil {
			i.t.Fatalf("build %s: %v\n%s", name, err, out)
		}
		var err error
		if program, err = os.ReadFile(path); err != nil {
			i.t.Fatal(err)
		}
		nativeBuilt.programs = map[string][]byte{name: program}
	}
	marked := append(append([]byte{}, program...), mark...)
	sum := sha256.Sum256(marked)
	digest := hex.EncodeToString(sum[:])
	i.exec(`insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size) values ($1, $2, $3, 'grpc', $4, $5) on conflict do nothing`,
		digest, name, name+"-"+digest[:12], marked, len(marked))
	return digest
}

func (i *installation) nativeClass(name, digest string, columns map[string]any) {
	i.t.Helper()
	i.exec(`insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason) values ($1, 'go_plugin', $2, true, 'test', 'test')`, name, digest)
	i.exec(`update lessee.executor_class_registry set grants = '{"http": [{"scheme": "https", "host": "example.com", "methods": ["GET"]}]}' where class = $1`, name)
	for column, value := range columns {
		i.exec("update lessee.executor_class_registry set "+column+" = $1 where class = $2", value, name)
	}
}

// nativeHost is a host with a private directory whose path is short.
func (i *installation) nativeHost(name string) (h *host.Host, stop func()) {
	i.t.Helper()
	dir, err := os.MkdirTemp("", "lp")
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a temporary directory
	if err := os.Chmod(dir, 0o711); err != nil {
		i.t.Fatal(err)
	}
	return i.host(func(c *host.Config) { c.PluginDir, c.Name, c.Slots = dir, name, 4 })
}

func TestHost_RunsANativeExecutorAsARowSays(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.native("good", "")
	i.nativeClass("good", digest, map[string]any{"process": `{"env": {"WORD": "granted"}}`})
	_, stop := i.nativeHost("native")
	id := i.enqueue("good", `{"getenv": "WORD", "log": "a line"}`)
	if got := i.awaitState(id, job.Succeeded); got.Output == nil || !strings.Contains(*got.Output, "granted") {
		t.Errorf("%+v", got)
	}
	i.awaitTrue("the class is active, and says what contains it", `select status = 'active' and status_reason like 'contained by: group%' from lessee.executor_class_registry where class = 'good'`)
	i.awaitTrue("the module is admitted, with its manifest", `select status = 'admitted' and manifest ->> 'name' = 'good' from lessee.executor_module_registry where sha256 = $1`, digest)
	stop()
}

func TestHost_TellsAJobOfAProcessThatDiedAndServesOthers(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.nativeClass("hostile", i.native("hostile", ""), map[string]any{"retry_policy": `{"max_attempts": 2, "base_ms": 1}`})
	i.guest(nil)
	i.nativeHost("native")
	id := i.enqueue("hostile", `{"do": "exit"}`)
	other := i.enqueue("guest", `{}`)
	i.awaitState(other, job.Succeeded)
	if got := i.awaitState(id, job.DeadLettered); got.Attempt != 2 || i.code(id) != "plugin_crashed" || got.Error == nil || !strings.Contains(*got.Error, "goodbye, cruel host") {
		t.Errorf("%+v", got)
	}
	i.awaitState(i.enqueue("hostile", `{"do": "ok"}`), job.Succeeded)
}

func TestHost_CancelsANativeJob(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.nativeClass("good", i.native("good", ""), nil)
	i.nativeHost("native")
	id := i.enqueue("good", `{"sleep_ms": 600000}`)
	i.awaitState(id, job.Running)
	i.exec("select lessee.fn_job_cancel($1, 'test')", id)
	i.awaitState(id, job.Cancelled)
}

func TestHosts_RepointANativeClassUnderLoadWithoutLosingAJob(t *testing.T) {
	t.Parallel()
	i := install(t)
	first, second := i.native("good", "one"), i.native("good", "two")
	i.nativeClass("good", first, nil)
	i.nativeHost("a")
	i.nativeHost("b")
	i.awaitTrue("both run the first module", `select count(*) = 2 from lessee.queue_heartbeat where classes -> 'good' ->> 'ready' = 'true'`)
	const jobs = 300
	i.exec("select lessee.fn_job_enqueue('good', '{\"sleep_ms\": 5}') from generate_series(1, $1)", jobs)
	for _, digest := range []string{second, first, second} {
		i.point("good", digest)
		i.awaitTrue("the switch", "select serving_sha256 is null from lessee.executor_class_registry where class = 'good'")
	}
	i.awaitTrue("every job has succeeded", "select count(*) = $1 from lessee.job where class = 'good' and state = 'succeeded'", jobs)
	i.awaitTrue("at the first attempt", "select count(*) = $1 from lessee.job_attempt a join lessee.job j on j.id = a.job_id where j.class = 'good' and a.word = 'succeed' and a.attempt = 1", jobs)
}
