//go:build !pgbouncer

package postgrestest

import "testing"

// Bounced reports whether Behind puts a PgBouncer in between. `task test:pgbouncer` does.
const Bounced = false

// Behind is the DSN for the clients of a test.
func Behind(_ testing.TB, dsn string, _ ...string) string { return dsn }
