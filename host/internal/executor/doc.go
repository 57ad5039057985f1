// Package executor keeps the executors of a host: one live executor per
// module, shared by the classes that point at it.
//
// [Watcher] follows the registry; each new snapshot goes to [Set.Sync], which
// launches what is missing in the background and drains what is no longer
// wanted. A class is ready when its module of this moment is; until then the
// host claims none of its jobs. An attempt holds its executor until it ends,
// so it ends on the version it began with.
//
// A module that can't be launched makes its classes not ready, with the reason,
// and is tried again later. It never stops the host.
package executor
