// Package postgres is the only one that talks SQL. It has one method per SQL
// function of migrations/functions, and says nothing of its own: what may
// change, and when, the function decides.
//
// [Store] serves a host, [Desk] an operator, [Migrator] the schema,
// [Listener] the notifications. Errors of the database become *[Error] once, here.
package postgres
