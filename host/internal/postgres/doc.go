// Package postgres is the only one of a host that talks SQL. Its methods call the
// SQL functions of migrations/functions, and say nothing of their own: what may
// change, and when, the function decides.
//
// [Store] serves a host, [Desk] an operator, [Migrator] the schema,
// [Listener] the notifications. Errors of the database become *[Error] once, here.
package postgres
