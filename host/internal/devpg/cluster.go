package devpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"go.uber.org/zap"
)

// superuser is the role that initdb creates.
const superuser = "postgres"

// Cluster is a private Postgres that this process uses. Stop gives it back.
type Cluster struct {
	cfg     Config
	files   layout
	account account
	sockets string // directory of the server's socket

	hold       *os.File  // keeps the server alive
	holders    *os.File  // shared lock: tells the others that we are here
	supervisor *exec.Cmd // nil when another process started the server
}

// Open attaches to the cluster's server if one runs, or else starts it; the cluster is created if
// it does not exist. The server accepts connections when Open returns. A server that is shutting
// down is waited for. When ctx ends before that, nothing is left running.
func Open(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cluster{cfg: cfg, files: layout{filepath.Join(cfg.Dir, "postgres")}}
	if err := c.open(ctx); err != nil {
		return nil, fmt.Errorf("open the private Postgres in %s: %w", cfg.Dir, err)
	}
	return c, nil
}

func (c *Cluster) open(ctx context.Context) error {
	if err := c.files.create(); err != nil {
		return err
	}
	opening, err := lock(ctx, c.files.lock(), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer opening.Close()
	if c.account, err = serverAccount(c.files.data()); err != nil {
		return err
	}
	if c.holders, err = lock(ctx, c.files.holders(), syscall.LOCK_SH); err != nil {
		return err
	}
	if err := c.attachOrStart(ctx); err != nil {
		c.holders.Close()
		return err
	}
	return nil
}

func (c *Cluster) attachOrStart(ctx context.Context) error {
	if attached, err := c.attach(ctx); attached || err != nil {
		return err
	}
	if err := c.endServer(ctx); err != nil {
		return err
	}
	return c.start(ctx)
}

// attach joins the holders of a server that runs.
func (c *Cluster) attach(ctx context.Context) (bool, error) {
	if idle, err := free(c.files.server()); idle || err != nil {
		return false, err
	}
	hold, err := c.joinHold(ctx)
	if hold == nil || err != nil {
		return false, err
	}
	if err := c.awaitAttached(ctx); err != nil {
		hold.Close()
		if errors.Is(err, errServerEnded) || errors.Is(err, fs.ErrNotExist) {
			err = nil // it crashed meanwhile, so we start our own
		}
		return false, err
	}
	c.hold = hold
	c.cfg.Log.Info("attached to the running Postgres", zap.String("dir", c.files.root))
	return true, nil
}

func (c *Cluster) awaitAttached(ctx context.Context) error {
	master, err := readPostmaster(c.files.data())
	if err != nil {
		return err
	}
	c.sockets = master.sockets
	return c.awaitReady(ctx)
}

// Owned reports whether this process started the server, rather than attached to it.
func (c *Cluster) Owned() bool { return c.supervisor != nil }

// DSN is a connection string for a user and a database over the private socket.
func (c *Cluster) DSN(user, database string) string {
	query := url.Values{"host": {c.sockets}, "port": {strconv.Itoa(port)}, "sslmode": {"disable"}}
	dsn := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: query.Encode()}
	return dsn.String()
}

// SuperuserDSN is a connection string for the superuser.
func (c *Cluster) SuperuserDSN(database string) string { return c.DSN(superuser, database) }

// LogPath is the file that holds what the server said.
func (c *Cluster) LogPath() string { return c.files.log() }
