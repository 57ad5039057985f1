// Package metrics is what Prometheus may know of a host.
//
// What the host does is counted where its worker meets the database and the
// executors: [Metrics.Store] and [Metrics.Runner] stand in between, so that the
// worker knows nothing of it. What there is to do is the counters of the
// database, which are the same for every host; [Work] asks for them, once in
// some seconds at most, however many ask it. docs/operating.md has the table of
// names, and a test holds the two together.
package metrics
