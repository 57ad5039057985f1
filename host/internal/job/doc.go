// Package job holds what the host knows of one job on its way: the grant it
// was given, the words of the state machine, and the outcome it reports.
//
// The law is in the database. This package names it, so that Go code and SQL
// say the same words, and makes the one decision a host has to make: which
// word an executor's answer asks for.
package job
