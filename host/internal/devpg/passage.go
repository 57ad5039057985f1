package devpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// checkPassage reports the first directory on the way to the given ones that the account may not
// enter. It asks as the account itself, so access control lists and mounts count as well.
func (a account) checkPassage(ctx context.Context, dirs ...string) error {
	if a.uid == os.Geteuid() {
		return nil // what we created and found, we can enter
	}
	args := []string{"-c", `for dir; do test -x "$dir" || { echo "$dir"; exit 1; }; done`, "lessee-passage"}
	for _, dir := range dirs {
		args = append(args, ancestry(dir)...)
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", a.environ(), a.attributes()
	output, err := cmd.Output()
	if blocked := strings.TrimSpace(string(output)); blocked != "" {
		return fmt.Errorf("user id %d, which runs Postgres because root may not, can't enter %s: "+
			"chmod a+x that directory, or pass a data directory elsewhere (such as /var/lib/lessee)", a.uid, blocked)
	}
	if err != nil {
		return fmt.Errorf("run a process as user id %d: %w", a.uid, err)
	}
	return nil
}

// ancestry lists a directory and its parents, the outermost first.
func ancestry(dir string) []string {
	if parent := filepath.Dir(dir); parent != dir {
		return append(ancestry(parent), dir)
	}
	return []string{dir}
}
