// Package signature signs modules and says whose signatures of one count, in
// the format of minisign: ed25519 over BLAKE2b-512 of the bytes, a key id, and
// comments. A signature made here is good for `minisign -V`, and the other way
// round.
//
// A key is known by its id, but an id is only a name that whoever makes a key
// may choose. What proves anything is the public key: of the registered row,
// and, where a host pins keys in its configuration, of the pinned one. So who
// may write rows can revoke a signer of such a host, and can't become one.
package signature
