// Package host is the daemon: [Config], [New] with all of the wiring, [Host.Run]
// with the order of start and stop. Start reading at host/internal/worker,
// where a job's journey is told; the map of the rest:
//
//	internal/job       the words: states, transitions, outcomes; the one decision
//	internal/worker    claim, execute, commit; renew and sweep beside them
//	internal/executor  one live executor per module; follows the registry
//	internal/wasm      the sandbox: modules on wazero
//	internal/process   native executors: processes behind go-plugin
//	internal/egress    HTTP requests of guests, under the grants of their class
//	internal/signature whose signatures of a module count
//	internal/postgres  the only package of a host that talks SQL
//	internal/metrics   what Prometheus may know
//	internal/devpg     the private Postgres of `lessee up` and of the tests
//	cli                subcommands; the only user of koanf
//
// The adapters (wasm, process, egress, signature, postgres, devpg) never import one another; they meet here.
package host
