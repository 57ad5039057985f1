package devpg

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestOpen_GivesAServerThatOnlyASocketLeadsTo(t *testing.T) {
	dir := publicDir(t)
	cluster := open(t, dir)
	defer stop(t, cluster)
	for setting, want := range map[string]string{
		"listen_addresses": "", "server_encoding": "UTF8", "lc_collate": "C", "data_checksums": "on", "TimeZone": "UTC",
		"shared_buffers": "16MB",
	} {
		if got := ask(t, cluster, "SELECT current_setting('"+setting+"')"); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	info, err := os.Stat(cluster.sockets)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's directory: %v, %v, want mode 0700", info.Mode(), err)
	}
	if !cluster.Owned() {
		t.Error("the process that started the server does not own it")
	}
}

func TestStop_LeavesNothingRunning(t *testing.T) {
	dir := publicDir(t)
	cluster := open(t, dir)
	pid, group := serverPID(t, dir), cluster.supervisor.Process.Pid
	stop(t, cluster)
	assertNothingRuns(t, dir)
	// The timer's corpse is for init to bury, which may take it a moment.
	eventually(t, "wait for the postmaster and the supervisor's group to end", func() bool { return gone(pid) && gone(-group) })
}

func TestOpen_KeepsTheDataOverARestart(t *testing.T) {
	dir := publicDir(t)
	first := open(t, dir)
	execute(t, first, "CREATE TABLE kept AS SELECT 'still here' AS text")
	stop(t, first)
	second := open(t, dir)
	defer stop(t, second)
	if got := ask(t, second, "SELECT text FROM kept"); got != "still here" {
		t.Errorf("after a restart the table holds %q", got)
	}
}

func TestOpen_AttachesToAServerThatRuns(t *testing.T) {
	dir := publicDir(t)
	owner, guest := open(t, dir), open(t, dir)
	pid := serverPID(t, dir)
	if guest.Owned() || guest.SuperuserDSN("postgres") != owner.SuperuserDSN("postgres") {
		t.Errorf("the second is not attached to the first: owned %t, %s", guest.Owned(), guest.SuperuserDSN("postgres"))
	}
	stop(t, owner)
	execute(t, guest, "SELECT 1")
	if now := serverPID(t, dir); now != pid {
		t.Errorf("the server became process %d from %d when its owner stopped, want the same", now, pid)
	}
	stop(t, guest)
	assertNothingRuns(t, dir)
}

func TestOpen_AttachesToTheServerOfAnotherProcess(t *testing.T) {
	dir := publicDir(t)
	other := startChild(t, dir, nil)
	if other.said != "owned=true" {
		t.Fatalf("the child said %s", other.said)
	}
	cluster := open(t, dir)
	if cluster.Owned() {
		t.Error("started a second server")
	}
	other.finish(t)
	execute(t, cluster, "SELECT 1")
	stop(t, cluster)
	assertNothingRuns(t, dir)
}

func TestOpen_ServesManyThatComeAndGoAtOnce(t *testing.T) {
	dir := publicDir(t)
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 4 {
				if err := useOnce(t, dir); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	assertNothingRuns(t, dir)
}

func useOnce(t *testing.T, dir string) error {
	ctx := testContext(t)
	cluster, err := Open(ctx, testConfig(dir))
	if err != nil {
		return err
	}
	if err := cluster.EnsureDatabase(ctx, "shared"); err != nil {
		return err
	}
	return cluster.Stop(ctx)
}

func TestKilledOwner_LeavesNoServer(t *testing.T) {
	dir := publicDir(t)
	owner := startChild(t, dir, nil)
	pid := serverPID(t, dir)
	owner.kill(t)
	eventually(t, "wait for the postmaster to end", func() bool { return gone(pid) })
	cluster := open(t, dir)
	defer stop(t, cluster)
	if !cluster.Owned() {
		t.Error("attached to the server of a dead process")
	}
}

func TestKilledOwner_CanBeFollowedAtOnce(t *testing.T) {
	dir := publicDir(t)
	for round := range 3 {
		startChild(t, dir, nil).kill(t)
		cluster := open(t, dir)
		execute(t, cluster, fmt.Sprintf("CREATE TABLE round_%d ()", round))
		stop(t, cluster)
	}
	assertNothingRuns(t, dir)
}

func TestKilledOwner_LeavesTheServerToThoseAttached(t *testing.T) {
	dir := publicDir(t)
	owner := startChild(t, dir, nil)
	cluster := open(t, dir)
	conn := connect(t, cluster)
	owner.kill(t)
	if _, err := conn.Exec(t.Context(), "SELECT pg_sleep(0.2)"); err != nil {
		t.Errorf("the server did not outlive its owner: %v", err)
	}
	stop(t, cluster)
	assertNothingRuns(t, dir)
}

func TestKilledSupervisor_LeavesNoServerBehindStop(t *testing.T) {
	dir := publicDir(t)
	cluster := open(t, dir)
	if err := cluster.supervisor.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	stop(t, cluster)
	assertNothingRuns(t, dir)
}

func TestKilledSupervisorAndOwner_AreFollowedByANewServer(t *testing.T) {
	dir := publicDir(t)
	owner := startChild(t, dir, nil)
	pid := serverPID(t, dir)
	supervisor, err := syscall.Getpgid(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	owner.kill(t)
	cluster := open(t, dir)
	defer stop(t, cluster)
	if !cluster.Owned() {
		t.Error("attached to a server without a supervisor")
	}
	eventually(t, "wait for init to bury the old postmaster", func() bool { return gone(pid) })
}

func TestSupervisorThatDiesBeforeItAnswers_IsNotWaitedFor(t *testing.T) {
	dir := publicDir(t)
	owner := startChild(t, dir, nil)
	supervisor, err := syscall.Getpgid(serverPID(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(supervisor, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() { opened <- useOnce(t, dir) }()
	eventually(t, "wait for a card to be shown to the supervisor", func() bool {
		cards, err := filepath.Glob(filepath.Join(clusterFiles(dir).run(), "card-*"))
		return err == nil && len(cards) > 0
	})
	if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	owner.kill(t) // not before: the kernel wakes the stopped of a group that loses its parent
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestSupervisor_IgnoresSignalsOfATerminal(t *testing.T) {
	cluster := open(t, publicDir(t))
	defer stop(t, cluster)
	group, err := syscall.Getpgid(cluster.supervisor.Process.Pid)
	if err != nil || group == syscall.Getpgrp() {
		t.Errorf("the supervisor is in our process group %d (%v): Ctrl-C would stop Postgres first", group, err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT} {
		if err := cluster.supervisor.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, cluster, "SELECT pg_sleep(0.2)")
}

func TestOpen_WorksWhereThePathIsTooLongForASocket(t *testing.T) {
	dir := filepath.Join(publicDir(t), strings.Repeat("long", 20), strings.Repeat("longer", 10))
	if err := os.MkdirAll(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	cluster := open(t, dir)
	t.Cleanup(func() { os.RemoveAll(cluster.sockets) })
	guest := open(t, dir)
	if strings.HasPrefix(cluster.sockets, dir) || guest.sockets != cluster.sockets {
		t.Errorf("the sockets are in %s and %s", cluster.sockets, guest.sockets)
	}
	execute(t, guest, "SELECT 1")
	stop(t, guest)
	stop(t, cluster)
}

func TestEnsureDatabase_IsContentWithOneThatExists(t *testing.T) {
	cluster := open(t, publicDir(t))
	defer stop(t, cluster)
	const name = `it's "odd" / 100%?`
	for range 2 {
		if err := cluster.EnsureDatabase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := ping(t, cluster.SuperuserDSN(name)); err != nil {
		t.Errorf("connect to the database: %v", err)
	}
}

func TestInUse_IsFalseWithoutACluster(t *testing.T) {
	if used, err := InUse(filepath.Join(publicDir(t), "nothing")); used || err != nil {
		t.Errorf("got %t, %v", used, err)
	}
}

func TestServerLog_IsPutAsideWhenLarge(t *testing.T) {
	dir := publicDir(t)
	stop(t, open(t, dir))
	path := clusterFiles(dir).log()
	if err := os.Truncate(path, maxServerLog+1); err != nil {
		t.Fatal(err)
	}
	stop(t, open(t, dir))
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 || info.Size() > maxServerLog {
		t.Errorf("the new log: %v, %v", info, err)
	}
	if _, err := os.Stat(path + ".old"); err != nil {
		t.Errorf("the old log: %v", err)
	}
}

func TestCheckPrivate_RefusesWhatAnotherCouldHavePrepared(t *testing.T) {
	dir := publicDir(t)
	us := account{os.Geteuid(), os.Getegid()}
	loose, link := filepath.Join(dir, "loose"), filepath.Join(dir, "link")
	if err := os.Mkdir(loose, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(loose, link); err != nil {
		t.Fatal(err)
	}
	for _, prepared := range []struct {
		path string
		mode fs.FileMode
	}{{loose, 0o755}, {link, 0o700}} {
		if err := os.Chmod(loose, prepared.mode); err != nil {
			t.Fatal(err)
		}
		if err := privateDir(prepared.path, us); err == nil {
			t.Errorf("%s was trusted", prepared.path)
		}
	}
	if err := privateDir(loose, us); err != nil {
		t.Errorf("our own private directory was refused: %v", err)
	}
	if err := privateDir(loose, account{us.uid + 1, us.gid}); err != nil && us.uid == 0 {
		t.Errorf("root could not hand its directory to the server's user: %v", err)
	}
}
