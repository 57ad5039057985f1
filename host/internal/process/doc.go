// Package process runs native executors: programs that a host starts, contains
// and supervises, and talks to by the contract of abi/grpcabi.
//
//	Engine    one per host: its private directory, its cgroup, the thread that forks
//	Module    an artifact that was checked: a sealed copy of a binary, or a bundle
//	pool      the processes of one class on a module, and the circuit that guards them
//	process   one process: its connection, its log, the job that it runs
//	child     what the system knows of it: pid, cgroup, directory, user
//
// What was checked is what runs. A binary is copied into a sealed memory file
// while it is hashed, and executed from there; the files of a bundle are copied
// into a private directory and hashed again at every start.
//
// Between fork and exec stands the launcher: this program once more, started
// with another name (see [LaunchIfAsked]). It puts the levels of containment
// into force, reports which of them hold, and becomes the plugin. It runs as the
// plugin's user would, and holds nothing of the host's but a pipe to report on.
//
// One job runs on a process at a time. The processes of a class die
//
//	with their host        by parent-death signal, and their children by PID namespace
//	when asked to          by go-plugin's Shutdown, then SIGKILL at the deadline
//	when they don't stop   a job that was cancelled, or is over its limits, has a short grace
//	when they are unwell   health that is not SERVING, a broken stream
//
// and nothing of them stays: namespace, cgroup, group, user and marker are
// killed in this order, as far as there are any, then the directory goes. A host
// that was killed leaves directories and cgroups; the next one on the same
// private directory removes them.
//
// A process that dies while a job runs is a crash of the attempt. One that dies
// again and again opens the circuit of its class, which is then not ready, with
// the last words of the process as the reason.
package process
