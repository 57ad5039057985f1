package devpgtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRemoveStale_RemovesWhatNobodyUses(t *testing.T) {
	abandoned, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(fresh) })
	used := filepath.Dir(filepath.Dir(Dedicated(t).LogPath()))
	long := time.Now().Add(-2 * staleAge)
	for _, dir := range []string{abandoned, used} {
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	removeStale()
	for dir, want := range map[string]bool{abandoned: false, fresh: true, used: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", dir, err == nil, want)
		}
	}
}
