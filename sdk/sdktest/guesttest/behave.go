//go:build sdks

package guesttest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// Behave holds an SDK for native executors to what a process owes its host.
// command makes the command of the program named odd of its language, which does
// what its payload says:
//
//	{"do": "speak"}              prints, lets a child print (where to is its own affair), logs by the language's usual means
//	{"do": "sleep"}              reports progress and sleeps for a minute, unless it is cancelled
//	{"do": "hang"}               reports progress and never comes back, cancelled or not
//	{"do": "double", "text": …}  gives text twice
//	{"do": "exit"}               tries to end the process, where that is an exception
//	anything else                tells its pid, and how many attempts are asleep
func Behave(t *testing.T, command func(testing.TB) *exec.Cmd) {
	start := func(t *testing.T, changes ...func(*plugin.ClientConfig)) *Process {
		return OpenProcess(t, command(t), changes...)
	}
	t.Run("describes itself", func(t *testing.T) { describes(t, start(t)) })
	t.Run("speaks over mutual TLS", func(t *testing.T) { tls(t, start) })
	t.Run("keeps stdout for the handshake", func(t *testing.T) { speaksToStderr(t, start(t)) })
	t.Run("takes and gives long messages", func(t *testing.T) { doubles(t, start(t)) })
	t.Run("stops an attempt that is cancelled, and no other", func(t *testing.T) { cancels(t, start(t)) })
	t.Run("stops an attempt whose stream is closed", func(t *testing.T) { abandons(t, start(t)) })
	t.Run("refuses a stream that begins with something else", func(t *testing.T) { refuses(t, start(t)) })
	t.Run("goes when it is told to, and leaves nothing", func(t *testing.T) { goes(t, start(t)) })
	t.Run("goes even while an attempt hangs", func(t *testing.T) { goesHanging(t, start(t)) })
	t.Run("goes with its host", func(t *testing.T) { follows(t, command(t)) })
	t.Run("tells a person what it is", func(t *testing.T) { tells(t, command(t), "-run", "-manifest", "-debug") })
	t.Run("tells that the host is of another version", func(t *testing.T) {
		cmd := command(t)
		cmd.Env = append(cmd.Env, grpcabi.CookieKey+"="+grpcabi.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=7,8")
		tells(t, cmd, "7,8", "lessee plugin sdk")
	})
}

func describes(t *testing.T, p *Process) {
	got, err := p.Executor.Describe(t.Context(), &grpcabi.DescribeRequest{Abi: abi.Version})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := abi.DecodeManifest(got.Manifest)
	if err != nil || got.Abi != abi.Version || got.SdkName == "" || got.SdkVersion == "" {
		t.Errorf("it is %v: %v", got, err)
	}
	if manifest.Name != "odd" || manifest.Version != "1.2.3" || !manifest.Wants.HTTP {
		t.Errorf("its manifest is %+v", manifest)
	}
}

func tls(t *testing.T, start func(*testing.T, ...func(*plugin.ClientConfig)) *Process) {
	p := start(t, func(c *plugin.ClientConfig) { c.AutoMTLS = true })
	if got := run(t, p.Guest, envelope(`{}`)); got.Status != abi.StatusOK {
		t.Errorf("it answers %+v", got)
	}
	reattach := p.Client.ReattachConfig()
	stranger := plugin.NewClient(&plugin.ClientConfig{Reattach: &plugin.ReattachConfig{
		Protocol: reattach.Protocol, ProtocolVersion: reattach.ProtocolVersion, Addr: reattach.Addr, Pid: reattach.Pid, Test: true,
	}, Plugins: plugin.PluginSet{grpcabi.Name: dialled{}}, AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Logger: quiet()})
	if protocol, err := stranger.Client(); err == nil {
		if err = protocol.Ping(); err == nil {
			t.Error("it speaks to one without a certificate")
		}
	}
}

func speaksToStderr(t *testing.T, p *Process) {
	const full = `{"abi":1,"job":{"id":42,"class":"odd","attempt":3},"trace":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},"payload":{"do":"speak"}}`
	if got := run(t, p.Guest, []byte(full)); got.Status != abi.StatusOK {
		t.Errorf("it answers %+v", got.Error)
	}
	p.Client.Kill()
	said := p.Stderr.String()
	for _, want := range []string{"said before the handshake", "printed", "logged by a library"} {
		if !strings.Contains(said, want) {
			t.Errorf("stderr lacks %q", want)
		}
	}
	for line := range strings.Lines(said) {
		var record map[string]any
		if !strings.Contains(line, "logged by a library") || json.Unmarshal([]byte(line), &record) != nil {
			continue
		}
		if record["@level"] != "warn" || record["class"] != "odd" || record["job"] != 42.0 || !strings.HasPrefix(record["trace"].(string), "00-0af") {
			t.Errorf("the line is %s", line)
		}
		return
	}
	t.Errorf("no line of hclog in:\n%s", said)
}

func doubles(t *testing.T, p *Process) {
	text := strings.Repeat("ü", 3<<20)
	got := run(t, p.Guest, envelope(`{"do":"double","text":"`+text+`"}`))
	if string(got.Output) != `"`+text+text+`"` {
		t.Errorf("it gives %d bytes, %v", len(got.Output), got.Error)
	}
	if got := run(t, p.Guest, envelope(`{"do":"exit"}`)); got.Status == abi.StatusFail {
		t.Errorf("an exit is no failure for good: %+v", got.Error)
	}
	if got := run(t, p.Guest, envelope(`{}`)); got.Status != abi.StatusOK {
		t.Errorf("after an exit it answers %+v", got.Error)
	}
}

// begin starts an attempt and waits until it reports progress.
func begin(ctx context.Context, t *testing.T, p *Process, payload string) grpcabi.Executor_ExecuteClient {
	t.Helper()
	stream, err := p.Executor.Execute(ctx)
	if err == nil {
		err = stream.Send(grpcabi.StartMessage(envelope(payload), abi.DefaultLimits()))
	}
	if err == nil {
		_, err = stream.Recv()
	}
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func cancels(t *testing.T, p *Process) {
	one, other := begin(t.Context(), t, p, `{"do":"sleep"}`), begin(t.Context(), t, p, `{"do":"sleep"}`)
	if err := one.Send(grpcabi.CancelMessage(abi.Errorf(abi.CodeCancelled, "Ann said so"))); err != nil {
		t.Fatal(err)
	}
	encoded, err := p.converse(one)
	if err != nil {
		t.Fatal(err)
	}
	got, err := abi.DecodeResult(encoded)
	if err != nil || got.Status != abi.StatusRetry || got.Error.Code != abi.CodeCancelled || got.Error.Message != "Ann said so" {
		t.Errorf("it answers %+v %v, %v", got, got.Error, err)
	}
	if n := p.asleep(t); n != 1 {
		t.Errorf("%d sleep on", n)
	}
	_ = other
}

func abandons(t *testing.T, p *Process) {
	ctx, cancel := context.WithCancel(t.Context())
	begin(ctx, t, p, `{"do":"sleep"}`)
	if n := p.asleep(t); n != 1 {
		t.Fatalf("%d sleep", n)
	}
	cancel()
	eventually(t, "the attempt ends", func() bool { return p.asleep(t) == 0 })
}

func (p *Process) asleep(t *testing.T) int {
	t.Helper()
	var told struct{ Asleep int }
	if err := json.Unmarshal(run(t, p.Guest, envelope(`{}`)).Output, &told); err != nil {
		t.Fatal(err)
	}
	return told.Asleep
}

func refuses(t *testing.T, p *Process) {
	stream, err := p.Executor.Execute(t.Context())
	if err == nil {
		err = stream.Send(grpcabi.AnswerMessage(nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("it says %v", err)
	}
}

func goes(t *testing.T, p *Process) {
	run(t, p.Guest, envelope(`{}`))
	pid, err := strconv.Atoi(p.Client.ID())
	if err != nil {
		t.Fatal(err)
	}
	p.Client.Kill()
	if p.forced() || alive(pid) {
		t.Error("it had to be killed")
	}
	if left, err := os.ReadDir(p.Dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v %v", left, err)
	}
}

func goesHanging(t *testing.T, p *Process) {
	begin(t.Context(), t, p, `{"do":"hang"}`)
	pid, err := strconv.Atoi(p.Client.ID())
	if err != nil {
		t.Fatal(err)
	}
	p.Client.Kill() // asks, waits, and kills what did not go
	eventually(t, "the process ends", func() bool { return !alive(pid) })
}

// follows kills a shell that started the plugin, so that the plugin's parent is gone.
func follows(t *testing.T, cmd *exec.Cmd) {
	shell := exec.Command("/bin/sh", append([]string{"-c", `"$@" & echo "pid $!"; wait`, "sh"}, cmd.Args...)...)
	shell.Env = append(slices.Clone(cmd.Env), grpcabi.CookieKey+"="+grpcabi.CookieValue, grpcabi.EnvTemp+"="+shortDir(t))
	said := &lines{}
	shell.Stdout = said
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = shell.Wait(); close(done) }()
	eventually(t, "the handshake", func() bool { return strings.Contains(said.String(), "|grpc|") })
	_, rest, _ := strings.Cut(said.String(), "pid ")
	pid, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil || !alive(pid) {
		t.Fatalf("no plugin runs: %q, %v", said.String(), err)
	}
	if err := shell.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the plugin ends", func() bool { return !alive(pid) })
	<-done
}

func tells(t *testing.T, cmd *exec.Cmd, words ...string) {
	var stderr, stdout strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it exits with %v", err)
	}
	for _, word := range words {
		if !strings.Contains(stderr.String(), word) {
			t.Errorf("it does not name %q:\n%s", word, stderr.String())
		}
	}
	if strings.Contains(stderr.String(), "Traceback") || strings.Contains(stderr.String(), "    at ") {
		t.Errorf("a stack is no sentence:\n%s", stderr.String())
	}
	if strings.Contains(stdout.String(), "|grpc|") {
		t.Errorf("it shakes hands: %s", stdout.String())
	}
}

// alive tells whether a process runs; one that is dead and not yet buried does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !os.IsNotExist(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %v: not yet: %s", patience, what)
		}
	}
}
