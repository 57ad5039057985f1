//go:build pgbouncer

package postgrestest

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bounced reports whether Behind puts a PgBouncer in between.
const Bounced = true

// bouncerPort only names a socket.
const bouncerPort = "6432"

// bouncerSettings are Debian's defaults, but for three. Server sessions go
// round, so that a client that leaves something in one does not find it there.
// A server that was away is tried again after a second, not fifteen: a restart
// of Postgres must not outlast a lease.
const bouncerSettings = `[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr =
listen_port = %s
unix_socket_dir = %s
auth_type = trust
auth_file = %s
pool_mode = transaction
server_round_robin = 1
server_login_retry = 1
max_client_conn = 1000
`

// Behind starts a PgBouncer of the test's own before the server at dsn, in
// transaction pooling, and returns the DSN that goes through it. The logins
// may use it, and the one in dsn.
func Behind(t testing.TB, dsn string, logins ...string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	dir, attributes := bouncerDir(t, query.Get("host"))
	users := ""
	for _, login := range append(logins, u.User.Username()) {
		users += fmt.Sprintf("%q \"\"\n", login)
	}
	userlist, ini := filepath.Join(dir, "users"), filepath.Join(dir, "ini")
	write(t, userlist, users)
	write(t, ini, fmt.Sprintf(bouncerSettings, query.Get("host"), query.Get("port"), bouncerPort, dir, userlist))
	startBouncer(t, ini, attributes)
	query.Set("host", dir)
	query.Set("port", bouncerPort)
	u.RawQuery = query.Encode()
	awaitSocket(t, filepath.Join(dir, ".s.PGSQL."+bouncerPort))
	return u.String()
}

// bouncerDir is a directory for the socket, whose path has to be short, and how
// to become its owner: PgBouncer refuses root as Postgres does, so it runs as
// whoever runs the server.
func bouncerDir(t testing.TB, sockets string) (string, *syscall.SysProcAttr) {
	t.Helper()
	info, err := os.Stat(sockets)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	dir, err := os.MkdirTemp("", "lessee-bouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if int(owner.Uid) != os.Geteuid() {
		attributes.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, attributes
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startBouncer runs it until the test ends. The shell between us ends it when
// its standard input does, and that happens even when the test binary is killed.
func startBouncer(t testing.TB, ini string, attributes *syscall.SysProcAttr) {
	t.Helper()
	var log bytes.Buffer
	shell := exec.Command("/bin/sh", "-c", `"$0" "$1" & read -r end; kill $!; wait`, findBouncer(t), ini)
	shell.Dir, shell.SysProcAttr = "/", attributes
	shell.Stdout, shell.Stderr = &log, &log
	alive, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		alive.Close()
		shell.Wait() //nolint:errcheck // killed
		if t.Failed() {
			t.Logf("PgBouncer said:\n%s", problems(log.String()))
		}
	})
}

var usual = regexp.MustCompile(`login attempt|new connection to server|closing because: client|stats: `)

// problems leaves out what PgBouncer says of every connection.
func problems(log string) string {
	var out []string
	for line := range strings.Lines(log) {
		if !usual.MatchString(line) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func findBouncer(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} { // sbin is not in everybody's path
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("pgbouncer is not installed, and these tests go through it\n  Run: apt-get install pgbouncer")
	return ""
}

func awaitSocket(t testing.TB, path string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		conn, err := net.Dial("unix", path)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("PgBouncer does not answer: %v", err)
		}
		time.Sleep(5 * time.Millisecond) // the pace of the polling
	}
}
