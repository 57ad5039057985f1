//go:build linux

package process

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// runner is a child as go-plugin sees it.
type runner struct {
	child   *child
	launch  func() error
	stdout  *io.PipeReader // the line of the handshake, and the end
	name    string
	socket  string // directory that the plugin's socket has to be in
	address string // of that socket

	until time.Time // to be killed, once it is asked to stop
}

func (r *runner) Start(context.Context) error { return r.launch() }

func (r *runner) Wait(context.Context) error {
	<-r.child.exited
	return nil
}

// Kill gives the process the rest of its time to stop.
func (r *runner) Kill(context.Context) error {
	timer := time.NewTimer(time.Until(r.until))
	defer timer.Stop()
	select {
	case <-r.child.exited:
	case <-timer.C:
		r.child.kill()
	}
	return nil
}

func (r *runner) Diagnose(context.Context) string { return "" }
func (r *runner) Stdout() io.ReadCloser           { return r.stdout }
func (r *runner) Name() string                    { return r.name }

// Stderr is read elsewhere.
func (r *runner) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

func (r *runner) ID() string { return strconv.Itoa(r.child.pid) }

// PluginToHost refuses every address but one in the directory that was made
// for it.
func (r *runner) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || filepath.Dir(filepath.Clean(address)) != r.socket {
		return "", "", fmt.Errorf("the plugin listens on %s %.200q: it has to listen on a unix socket in the directory that PLUGIN_UNIX_SOCKET_DIR names", network, address)
	}
	r.address = address
	return network, address, nil
}

// HostToPlugin is for go-plugin's broker, which nobody uses.
func (r *runner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
