//go:build linux

package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A kernel whose controllers are all of version 1 has no file to set limits by,
// so what is written where is held against files that are none of the kernel's.
func TestCgroup_SetsItsLimits(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{"memory.max": "1000", "memory.oom.group": "1", "pids.max": "7", "cpu.max": "150000 100000", "memory.swap.max": "0"}
	for name := range want {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := (&cgroup{dir: dir}).limit(cgroupLimits{memory: 1000, pids: 7, cpus: 1.5}); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != text {
			t.Errorf("%s is %q, not %q", name, got, text)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "memory.events"), []byte("oom 1\noom_kill 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !(&cgroup{dir: dir}).starved() {
		t.Error("an oom_kill was not seen")
	}
}

func TestCgroup_SaysWhatDelegationLacks(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("memory cpu\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if lacking := enable(dir); !strings.Contains(lacking, "the controller pids is not in") {
		t.Errorf("%q", lacking)
	}
}
