// Package cli is the program lessee: one file per command, or per group of
// small ones. It reads flags, environment and files, says things to people and
// scripts, and leaves the work to host, to the operator's desk
// (postgres.Desk) and to devpg. It is the only user of koanf.
//
//	main, root, exit, output   the frame: streams, help, exit codes, tables and JSON
//	config, config_print       defaults < file < environment < flags
//	database, private          which Postgres: --dsn, or the private one of `lessee up`
//	up, demo, shipped          everything on one machine
//	host, migrate              the daemon and its schema
//	class, module, job, dlq    rows that an operator reads and changes
//	secret, history            what a host's secrets are called; days that are kept
//	key, password              whose signatures of modules count, and the files that make them
//	plugin                     what an author does with a folder; the loop is package author's
//	doctor                     what a tired operator would miss
//	bench                      how fast an installation is
package cli
