// Package devpg runs the private Postgres of `lessee up` and of the tests: a server that no
// operator set up, that nobody else can reach, and that goes away with its last user.
//
// # Who may reach it
//
// Postgres listens on a Unix socket alone, in a directory of mode 0700 that belongs to the user
// the server runs as. Local connections are trusted without a password for that reason and for no
// other: whoever can open the socket can read the data files as well. There is no TCP port.
//
// # Who keeps it alive
//
// Every process that uses the server holds the write end of one named pipe, the hold. A supervisor
// (a few lines of sh) holds the read end:
//
//	lessee up ──┐ hold (named pipe)
//	lessee job ─┼──────────────────> supervisor ── starts, stops ──> postgres
//	lessee dlq ─┘                    end of file: stop               holds the server lock
//
// The kernel closes the pipe of a process that ends, however it ends. So the server outlives the
// process that started it while another one still uses it, and it stops when the last one is gone,
// also after kill -9. No process has to say goodbye, and none can cut another off.
//
// # Locks
//
// Three files under the directory are locked with flock, which the kernel releases by itself:
//
//   - lock is held by the one process that is opening or stopping the cluster;
//   - holders is shared by all the users, so that the last one knows that it is the last;
//   - server is inherited by every process of Postgres and of initdb. If it is free, nothing runs
//     on the data directory; process ids, which are used again, are never asked.
//
// # When things go wrong
//
// A killed initdb leaves a directory of another name, which the next Open removes. A server that is
// still shutting down is waited for. A server that lost its supervisor is stopped and started
// again. A start that fails, or is cancelled, leaves nothing running.
package devpg
