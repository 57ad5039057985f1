package devpg

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// childDir, when set, makes the test binary a process that uses the cluster there until its
// standard input ends, as a lessee command would.
const childDir = "DEVPG_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(childMain(dir))
	}
	os.Exit(m.Run())
}

func childMain(dir string) int {
	ctx := context.Background()
	cluster, err := Open(ctx, testConfig(dir))
	if err != nil {
		fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		return 1
	}
	fmt.Printf("owned=%t\n", cluster.Owned())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := cluster.Stop(ctx); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// child is another process that uses a cluster.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	said  string
}

// startChild starts a process and waits until it has the cluster, or has failed to.
func startChild(t *testing.T, dir string, attr *syscall.SysProcAttr) *child {
	t.Helper()
	c := launchChild(t, dir, attr)
	line, err := bufio.NewReader(c.cmd.Stdout.(*os.File)).ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	c.said = strings.TrimSpace(line)
	return c
}

func launchChild(t *testing.T, dir string, attr *syscall.SysProcAttr) *child {
	t.Helper()
	program := filepath.Join(publicDir(t), "child")
	copyProgram(t, program)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childDir+"="+dir, "HOME=/nonexistent")
	cmd.Dir = "/"
	cmd.SysProcAttr = attr
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	cmd.Stdout = read
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait() // a second Wait after the test's own does nothing
		read.Close()
	})
	return &child{cmd: cmd, stdin: stdin}
}

// copyProgram puts the test binary where other users can run it.
func copyProgram(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, program, 0o755); err != nil {
		t.Fatal(err)
	}
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait() // reports the kill
}

func (c *child) finish(t *testing.T) {
	t.Helper()
	c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		t.Fatalf("the child ended with %v", err)
	}
}

// publicDir is a temporary directory that the user of the server may enter.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func testConfig(dir string) Config {
	return Config{Dir: dir, NoSync: true, Settings: map[string]string{"fsync": "off", "shared_buffers": "16MB"}}
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, dir string) *Cluster {
	t.Helper()
	cluster, err := Open(testContext(t), testConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

func stop(t *testing.T, cluster *Cluster) {
	t.Helper()
	if err := cluster.Stop(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, cluster *Cluster) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), cluster.SuperuserDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t *testing.T, cluster *Cluster, sql string) {
	t.Helper()
	if _, err := connect(t, cluster).Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func ask(t *testing.T, cluster *Cluster, sql string) (answer string) {
	t.Helper()
	if err := connect(t, cluster).QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// serverPID is the process id of the postmaster.
func serverPID(t *testing.T, dir string) int {
	t.Helper()
	master, err := readPostmaster(clusterFiles(dir).data())
	if err != nil {
		t.Fatal(err)
	}
	return master.pid
}

func clusterFiles(dir string) layout { return layout{filepath.Join(dir, "postgres")} }

// eventually waits for something that happens in another process.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	if err := poll(testContext(t), func() (bool, error) { return is(), nil }); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

// assertNothingRuns checks that no process of a cluster's server is left, once the kernel is done
// with those that were killed.
func assertNothingRuns(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "wait until nothing uses "+dir, func() bool {
		used, err := InUse(dir)
		return err == nil && !used
	})
}

// onLog is a logger that calls back when a message is logged: a way to act in the midst of Open.
func onLog(message string, act func()) *zap.Logger {
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{}), zapcore.AddSync(io.Discard), zap.InfoLevel)
	return zap.New(core, zap.Hooks(func(entry zapcore.Entry) error {
		if entry.Message == message {
			act()
		}
		return nil
	}))
}

func ping(t *testing.T, dsn string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		return err
	}
	return conn.Close(t.Context())
}
