package devpgtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/lessee-run/lessee/host/internal/devpg"
)

// Cluster returns the server of the test binary, started if need be. Tests share it: one that wants
// to restart it takes a Dedicated one.
func Cluster(t testing.TB) *devpg.Cluster {
	t.Helper()
	cluster, err := running(t).start()
	if err != nil {
		t.Fatalf("start the server of the tests: %v", err)
	}
	return cluster
}

// Database creates a database for one test, a copy of the template if there is one, and returns the
// superuser's connection string. It is dropped when the test ends, whoever is still connected.
func Database(t testing.TB) (dsn string) {
	t.Helper()
	cluster, s := Cluster(t), running(t)
	name := fmt.Sprintf("test_%d", s.created.Add(1))
	s.execute(t, s.createSQL(name))
	t.Cleanup(func() { s.execute(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return cluster.SuperuserDSN(name)
}

// createSQL copies files: with fsync off that is faster than to write every page to the WAL.
func (s *suite) createSQL(name string) string {
	if s.prepare == nil {
		return "CREATE DATABASE " + name + " STRATEGY file_copy"
	}
	return "CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY file_copy"
}

func (s *suite) execute(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Dedicated starts a server for one test alone, which may restart it. It has the settings of the
// test binary's server, and neither a template nor databases of its own.
func Dedicated(t testing.TB) *devpg.Cluster {
	t.Helper()
	settings := defaultSettings()
	if s := current.Load(); s != nil {
		settings = s.settings
	}
	dir, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cluster, err := openCluster(ctx, dir, settings)
	if err != nil {
		t.Fatalf("start a server for this test: %v", err)
	}
	t.Cleanup(func() { closeDedicated(t, cluster, dir) })
	return cluster
}

func closeDedicated(t testing.TB, cluster *devpg.Cluster, dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := cluster.Stop(ctx); err != nil {
		t.Errorf("stop the server of this test: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Errorf("remove the server of this test: %v", err)
	}
}
