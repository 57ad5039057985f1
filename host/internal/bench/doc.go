// Package bench measures an installation: how fast jobs are drained, and how
// long one takes from the commit of its enqueue to the commit of its result.
//
// Everything is real but the executor, which answers ok without doing
// anything: claims, fences, audit rows, trace contexts and final records are
// those of every job, written by the hosts' own code. So it measures the queue
// and nothing else; with [ExecutorWASM] it measures a sandbox per job as well.
//
// A measurement counts only if every job was done, once: [Verify] asks the
// database, not the hosts.
package bench
