// Package worker is a job's journey through a host:
//
//	claim    claim.go    free slots are offered to the database, which grants jobs
//	execute  execute.go  an attempt: envelope in, result out; crew.go finds it a goroutine
//	decide   ../job      which word the answer asks for
//	commit   commit.go   outcomes go back in batches, under the fence
//
// and beside it, for as long as the host lives:
//
//	renew    renew.go    the one lease is renewed; what to stop is learned
//	sweep    sweep.go    jobs of dead hosts are rescued, due ones made ready
//	survey   front.go    where the live part of the queue begins is asked for
//	maintain maintain.go partitions of history are made and dropped
//
// All that a host holds belongs to a [session], and a session belongs to one
// lease. The host trusts the lease for less time than the row grants:
//
//	trusted until = moment before the call that renewed + TTL - TTL/10
//
// When that passes without a renewal the session is over: what it runs is
// killed, what it has to report is dropped and said so in the log, and a new
// session starts with a new lease. So a zombie is stopped by itself, and
// should it write all the same, the fence refuses it. When the database does
// not answer, outcomes wait, as many as there are slots and two batches; then
// slots stay taken. So what is claimed and can't be committed has a bound.
package worker
