// Package migrations holds the database's part of Lessee: numbered DDL, one
// file per SQL function under functions, and the roles. It is data; the
// package host/internal/postgres runs it.
package migrations

import "embed"

// FS holds roles.sql, the numbered migrations (*.sql) and functions/*.sql.
//
//go:embed roles.sql [0-9]*.sql functions/*.sql
var FS embed.FS
