package egress

import (
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
)

// quietConn tells when its reader has taken all that came and waits for more.
//
// net/http gives a connection back before it looks for bytes beyond the answer
// that it just read. A request that takes the connection within that moment
// would get those bytes, which a broken or hostile server sent too many, for
// its answer. So it waits for the look: by then the connection is closed, and
// net/http dials another, or nothing was left over.
type quietConn struct {
	net.Conn
	lock    sync.Mutex
	changed *sync.Cond
	waiting int // readers inside Read
	closed  bool
}

func newQuietConn(c net.Conn) *quietConn {
	q := &quietConn{Conn: c}
	q.changed = sync.NewCond(&q.lock)
	return q
}

func (q *quietConn) Read(p []byte) (int, error) {
	q.note(func() { q.waiting++ })
	defer q.note(func() { q.waiting-- })
	return q.Conn.Read(p)
}

func (q *quietConn) Close() error {
	defer q.note(func() { q.closed = true })
	return q.Conn.Close()
}

func (q *quietConn) note(change func()) {
	q.lock.Lock()
	defer q.lock.Unlock()
	change()
	q.changed.Broadcast()
}

func (q *quietConn) awaitQuiet() {
	q.lock.Lock()
	defer q.lock.Unlock()
	for q.waiting == 0 && !q.closed {
		q.changed.Wait()
	}
}

// leftoverTrace holds a request back from a used connection until that is quiet.
func leftoverTrace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if !got.Reused {
			return
		}
		conn := got.Conn
		if secure, ok := conn.(*tls.Conn); ok {
			conn = secure.NetConn()
		}
		if q, ok := conn.(*quietConn); ok {
			q.awaitQuiet()
		}
	}}
}
