package devpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is the operating system's user that the server runs as. Postgres refuses root.
type account struct{ uid, gid int }

// serverAccount is the owner of the data when there is some, since Postgres accepts no other;
// else ourselves, or for root an unprivileged user.
func serverAccount(data string) (account, error) {
	owner, err := ownerOf(data)
	switch {
	case err == nil:
		return ownerAccount(data, owner)
	case !errors.Is(err, fs.ErrNotExist):
		return account{}, fmt.Errorf("look at the data directory: %w", err)
	case os.Geteuid() != 0:
		return account{os.Geteuid(), os.Getegid()}, nil
	}
	return unprivileged()
}

func ownerAccount(data string, owner account) (account, error) {
	if owner.uid == 0 {
		return account{}, fmt.Errorf("%s belongs to root, which Postgres refuses to run as: "+
			"chown it to the user that should own the data", data)
	}
	if os.Geteuid() != 0 && owner.uid != os.Geteuid() {
		return account{}, fmt.Errorf("%s belongs to user id %d, and this process runs as %d: "+
			"run as that user or pass another data directory", data, owner.uid, os.Geteuid())
	}
	return owner, nil
}

func ownerOf(path string) (account, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return account{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account{}, fmt.Errorf("%s: this system does not tell the owner of a file", path)
	}
	return account{int(stat.Uid), int(stat.Gid)}, nil
}

func unprivileged() (account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return parseAccount(found)
		}
	}
	return account{}, errors.New("postgres refuses to run as root, and there is no user postgres or nobody " +
		"to run it as: create one (useradd --system postgres) or run lessee as an ordinary user")
}

func parseAccount(found *user.User) (account, error) {
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return account{}, fmt.Errorf("read the id of user %s: %w", found.Username, err)
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return account{}, fmt.Errorf("read the group of user %s: %w", found.Username, err)
	}
	return account{uid, gid}, nil
}

// attributes start a process as the account, in a process group of its own: a terminal's Ctrl-C
// must reach lessee alone, which then stops the server in order.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.uid != os.Geteuid() {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// own gives a path to the account.
func (a account) own(path string) error {
	if a.uid == os.Geteuid() {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// environ is what a child process gets to see. Lessee's own environment may hold secrets, and
// PG* variables would change what Postgres does.
func (a account) environ() []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH") + ":/usr/bin:/bin"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
