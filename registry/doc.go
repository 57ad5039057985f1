// Package registry says what the rows of the registry mean: which executor
// class runs what, with which rights and limits. It holds no SQL and does no
// I/O; the database is the authority, a [Snapshot] is one reading of it.
package registry
