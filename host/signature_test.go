package host_test

import (
	"testing"
	"time"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/signature"
)

func TestHost_ThatRequiresSignaturesRunsWhatAKeyThatCountsHasSigned(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.guest(nil)
	media := i.signer("media")
	require := func(c *host.Config) { c.Signatures = "require" }
	_, stop := i.host(require)
	id := i.enqueue("guest", `{}`)
	i.awaitBroken("guest", "signatures = require on this host, and it is not signed: lessee module sign")

	i.sign(media, digest)
	i.awaitState(id, job.Succeeded) // the host looks again by itself
	stop()

	i.exec("update lessee.signing_key_registry set enabled = false, reason = 'lost'")
	_, stop = i.host(require)
	i.awaitBroken("guest", "it is signed by key "+media.KeyID()+" of media, which is disabled")
	stop()

	i.host(func(c *host.Config) { c.Signatures = "warn" })
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
}

// Who may write rows may register a key of his own, and sign with it.
func TestHost_ThatPinsKeysTrustsNoneThatIsOnlyRegistered(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.guest(nil)
	thief, media := i.signer("thief"), i.signer("media")
	i.sign(thief, digest)
	id := i.enqueue("guest", `{}`)
	i.host(func(c *host.Config) {
		c.Signatures = "require"
		c.TrustedKeys = []string{scan[string](i, "select public_key from lessee.signing_key_registry where owner = 'media'")}
	})
	i.awaitBroken("guest", "of thief, which is not among trusted_keys of this host")
	i.sign(media, digest)
	i.awaitState(id, job.Succeeded)
}

// signer makes a key and registers it.
func (i *installation) signer(owner string) signature.Signer {
	i.t.Helper()
	secret, public, err := signature.Generate("")
	if err != nil {
		i.t.Fatal(err)
	}
	signer, err := signature.Open(secret, "")
	if err != nil {
		i.t.Fatal(err)
	}
	key, err := signature.ParseKey(string(public))
	if err != nil {
		i.t.Fatal(err)
	}
	i.exec("insert into lessee.signing_key_registry (public_key, owner, reason) values ($1, $2, 'test')", key.PublicKey, owner)
	return signer
}

// sign stores a signature of a registered module.
func (i *installation) sign(signer signature.Signer, digest string) {
	i.t.Helper()
	s, err := signer.Sign(scan[[]byte](i, "select bytes from lessee.executor_module_registry where sha256 = $1", digest), "guest.wasm", time.Now())
	if err != nil {
		i.t.Fatal(err)
	}
	i.exec("insert into lessee.module_signature (sha256, key_id, signature) values ($1, $2, $3)", digest, s.KeyID, s.Text)
}

// awaitBroken waits until the row of a class says that it is broken, and why.
func (i *installation) awaitBroken(class, reason string) {
	i.t.Helper()
	await(i.t, func() bool {
		return scan[bool](i, "select status = 'broken' and position($2 in status_reason) > 0 from lessee.executor_class_registry where class = $1", class, reason)
	}, func() string {
		return class + ": " + scan[string](i, "select status || ' ' || status_reason from lessee.executor_class_registry where class = $1", class)
	})
}
