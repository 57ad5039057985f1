package grpcabi

// The handshake of a plugin, as hashicorp/go-plugin does it.
const (
	ProtocolVersion = 1 // the application's, in the second field of the line
	CookieKey       = "LESSEE_PLUGIN"
	CookieValue     = "f3a1c0a9d6a04bb0b0d51f24e8d1c7f2" // tells a host from a person; no secret
	Service         = "plugin"                           // whose health the host asks for
	Name            = "executor"                         // of the one plugin in go-plugin's set
)

// Variables that a host sets for a plugin, beside go-plugin's own and those
// that the class row grants.
const (
	EnvSocketDir = "PLUGIN_UNIX_SOCKET_DIR" // where to make the socket
	EnvTemp      = "TMPDIR"                 // the only place that a contained plugin may write to
	EnvMaxBytes  = "LESSEE_MAX_BYTES"       // of one message that the host sends; a plugin takes as much
)
