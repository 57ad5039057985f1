// Package egress sends the HTTP requests of guests, and nothing that no grant
// of their class allows.
//
// The authority is the class row: its http grants say scheme, host, port,
// methods, path and which credentials; secret_binding rows say where the host
// finds the value of a credential and where it may send it. A [Client] is made
// of one class; an [Attempt] carries what one attempt has used.
//
// Every request, and every hop of a redirect, goes the same way:
//
//	scan      what the guest gave holds no secret
//	parse     one reading of the URL, and only forms that every reader reads alike
//	grant     the first grant that fits scheme, host, port, method, path and credential
//	bind      the credential's value is added; the guest never sees it
//	dial      resolve once, check every address, connect to a checked one
//	read      under the attempt's byte budget, nothing decompressed
//	scan      the answer holds no secret
//
// The invariant: a byte leaves the host only for a request whose own scheme,
// host, port, method and path a grant allows, over a connection that was dialled
// under that same grant to an address which it reaches. Each grant has its
// own pool of connections, so none is used that another grant opened. There is
// no proxy, no cookie jar, no environment.
//
// What the guest may handle comes back as an answer with an error code; a limit
// that is hit ends the attempt. Messages never quote the server, because it may
// know the secret.
//
// A server that works together with a guest can hide a secret from the scans,
// by turning it round for example. So a binding names the hosts that may have
// it: who gets a credential is the operator's decision, not this package's.
package egress
