package host_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// wire is the network between hosts and their database, for a test to cut:
// while it is cut, connections stay open and nothing passes. It counts questions.
type wire struct {
	gate  sync.RWMutex // held for writing while cut
	thaw  func()
	asked atomic.Int64 // what the database has answered and is done with; to be connected counts, too
	mu    sync.Mutex
	conns []net.Conn
}

// lay returns a wire to the database at dsn, and the DSN of its other end.
func lay(t *testing.T, dsn string) (*wire, string) {
	t.Helper()
	far, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	socket := far.Query().Get("host") + "/.s.PGSQL." + far.Query().Get("port")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{thaw: func() {}}
	var copies sync.WaitGroup
	copies.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket)
			if err != nil {
				near.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, near, far)
			w.mu.Unlock()
			answers, tee := io.Pipe()
			copies.Go(func() { w.count(answers) })
			copies.Go(func() { w.carry(near, far) })
			copies.Go(func() { w.carry(far, teed{near, tee}) })
		}
	})
	t.Cleanup(func() {
		w.mend()
		listener.Close()
		w.mu.Lock()
		for _, c := range w.conns {
			c.Close()
		}
		w.mu.Unlock()
		copies.Wait()
	})
	near := &url.URL{Scheme: "postgres", User: far.User, Host: listener.Addr().String(), Path: far.Path, RawQuery: "sslmode=disable"}
	return w, near.String()
}

// teed is a connection of which somebody reads what is written to it.
type teed struct {
	net.Conn
	tee *io.PipeWriter
}

func (t teed) Write(b []byte) (int, error) {
	if n, err := t.tee.Write(b); err != nil {
		return n, err
	}
	return t.Conn.Write(b)
}

func (t teed) Close() error {
	return errors.Join(t.tee.Close(), t.Conn.Close())
}

// count reads what a server says on one connection.
func (w *wire) count(answers *io.PipeReader) {
	frontend := pgproto3.NewFrontend(answers, io.Discard)
	for {
		message, err := frontend.Receive()
		if err != nil {
			answers.CloseWithError(err) //nolint:errcheck // never fails
			return
		}
		if _, ok := message.(*pgproto3.ReadyForQuery); ok {
			w.asked.Add(1)
		}
	}
}

func (w *wire) carry(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		w.gate.RLock() // while it is cut, an end doesn't travel either
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				w.gate.RUnlock()
				return
			}
		}
		w.gate.RUnlock()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				from.Close()
			}
			return
		}
	}
}

func (w *wire) cut()  { w.gate.Lock(); w.thaw = sync.OnceFunc(w.gate.Unlock) }
func (w *wire) mend() { w.thaw() }
