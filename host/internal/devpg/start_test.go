package devpg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen_ShowsTheServersOwnWordsWhenItFailsToStart(t *testing.T) {
	dir := publicDir(t)
	cfg := testConfig(dir)
	cfg.Settings["no_such_setting"] = "1"
	_, err := Open(testContext(t), cfg)
	if err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("the error does not tell the reason: %v", err)
	}
	assertNothingRuns(t, dir)
	stop(t, open(t, dir))
}

func TestOpen_CancelledLeavesNothingRunning(t *testing.T) {
	for phase, message := range map[string]string{"initdb": "creating a Postgres cluster", "start": "starting Postgres"} {
		t.Run("in "+phase, func(t *testing.T) {
			dir := publicDir(t)
			ctx, cancel := context.WithCancel(testContext(t))
			defer cancel()
			cfg := testConfig(dir)
			cfg.Log = onLog(message, cancel)
			if _, err := Open(ctx, cfg); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			assertNothingRuns(t, dir)
			assertNoUnfinished(t, dir)
			stop(t, open(t, dir))
		})
	}
}

func TestOpen_CancelledAmidInitdbLeavesNothingRunning(t *testing.T) {
	dir := publicDir(t)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	go func() {
		_ = poll(ctx, func() (bool, error) { return unfinishedFiles(dir) > 0, nil })
		cancel()
	}()
	if _, err := Open(ctx, testConfig(dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	assertNothingRuns(t, dir)
	assertNoUnfinished(t, dir)
}

// unfinishedFiles counts the files that an initdb at work has made.
func unfinishedFiles(dir string) int {
	files, _ := filepath.Glob(filepath.Join(clusterFiles(dir).root, unfinished, "*"))
	return len(files)
}

func assertNoUnfinished(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(clusterFiles(dir).root, unfinished)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpen_RedoesAnInitdbWhoseProcessWasKilled(t *testing.T) {
	dir := publicDir(t)
	killed := launchChild(t, dir, nil)
	eventually(t, "wait for initdb to be at work", func() bool { return unfinishedFiles(dir) > 0 })
	killed.kill(t)
	cluster := open(t, dir)
	defer stop(t, cluster)
	execute(t, cluster, "CREATE TABLE works ()")
	assertNoUnfinished(t, dir)
}

func TestOpen_RefusesDataThatIsNotWhole(t *testing.T) {
	dir := publicDir(t)
	stop(t, open(t, dir))
	control := filepath.Join(clusterFiles(dir).data(), "global", "pg_control")
	if err := os.Remove(control); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testContext(t), testConfig(dir)); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("the error gives no remedy: %v", err)
	}
}

func TestOpen_SurvivesAPostmasterFileOfACrash(t *testing.T) {
	dir := publicDir(t)
	stop(t, open(t, dir))
	stale := filepath.Join(clusterFiles(dir).data(), "postmaster.pid")
	if err := os.WriteFile(stale, []byte("4194303\n/nowhere\n1\n5432\n/nowhere\n\n  1 1\nready   \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	as, err := ownerOf(clusterFiles(dir).data())
	if err != nil {
		t.Fatal(err)
	}
	if err := as.own(stale); err != nil {
		t.Fatal(err)
	}
	stop(t, open(t, dir))
}

func TestOpen_NamesTheDirectoryThatTheServersUserCannotEnter(t *testing.T) {
	shut := filepath.Join(publicDir(t), "shut")
	if err := os.Mkdir(shut, 0o700); err != nil {
		t.Fatal(err)
	}
	cluster, err := Open(testContext(t), testConfig(filepath.Join(shut, "inner")))
	if os.Geteuid() != 0 {
		if err != nil {
			t.Fatalf("our own private directory was refused: %v", err)
		}
		stop(t, cluster)
		return
	}
	if err == nil || !strings.Contains(err.Error(), "can't enter "+shut+":") {
		t.Errorf("the error does not name %s: %v", shut, err)
	}
}

func TestOpen_WorksAsAnOrdinaryUser(t *testing.T) {
	dir := publicDir(t)
	user, err := ordinaryUser()
	if err != nil {
		t.Fatal(err)
	}
	if err := user.own(dir); err != nil {
		t.Fatal(err)
	}
	process := startChild(t, dir, user.attributes())
	if process.said != "owned=true" {
		t.Fatalf("the child said %s", process.said)
	}
	owner, err := ownerOf(clusterFiles(dir).data())
	if err != nil || owner.uid != user.uid {
		t.Errorf("the data belong to user id %d (%v), want %d", owner.uid, err, user.uid)
	}
	process.finish(t)
	assertNothingRuns(t, dir)
}

// ordinaryUser is who we are, or for root the user that the server runs as.
func ordinaryUser() (account, error) {
	if os.Geteuid() == 0 {
		return unprivileged()
	}
	return account{os.Geteuid(), os.Getegid()}, nil
}
