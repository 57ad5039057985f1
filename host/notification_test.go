//go:build linux

package host_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/lessee-run/lessee/host/internal/job"
)

const mailPassword = "of-the-binding-alone"

// mailServer takes mail from who has mailPassword, and each address once later
// than it is asked to.
type mailServer struct {
	mu       sync.Mutex
	deferred map[string]bool
	accepted map[string]int
	port     int
	ca       string
}

func openMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{deferred: map[string]bool{}, accepted: map[string]int{}}
	s := smtp.NewServer(m)
	var certificate tls.Certificate
	certificate, m.ca = localCertificate(t)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.port = l.Addr().(*net.TCPAddr).Port
	done := make(chan struct{})
	go func() { _ = s.Serve(l); close(done) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return m
}

func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: m}, nil
}

type mailSession struct {
	server *mailServer
	known  bool
	to     string
}

func (*mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if s.known = password == mailPassword; !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.to = to; strings.HasPrefix(to, "bob@") && !s.server.deferred[to] {
		s.server.deferred[to] = true
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.accepted[s.to]++
	return nil
}

func (*mailSession) Reset()        {}
func (*mailSession) Logout() error { return nil }

func localCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Minute),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// notification registers the shipped plugin, with a mail server and a hook that
// it may use.
func (i *installation) notification(mail *mailServer, hook string) {
	i.t.Helper()
	path := filepath.Join(i.t.TempDir(), "notification")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "../plugins/notification").CombinedOutput(); err != nil {
		i.t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		i.t.Fatal(err)
	}
	for name, value := range map[string]string{"smtp": mailPassword, "hook": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		file := filepath.Join(i.t.TempDir(), name)
		if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
			i.t.Fatal(err)
		}
		i.exec(`insert into lessee.secret_binding (name, source, reference, hosts, owner, reason) values ($1, 'file', $2, '{127.0.0.1}', 'test', 'test')`, name, file)
	}
	config, err := json.Marshal(object{
		"channels": object{
			"mail": object{"type": "mail", "host": "127.0.0.1", "port": mail.port, "ca": mail.ca, "from": "shop@example.com", "username": "shop", "password": "SMTP_PASSWORD"},
			"hook": object{"type": "webhook", "url": hook, "secret": "HOOK_SECRET"},
		},
		"notices": object{"shipped": object{"subject": "Order {{.order}}", "text": "It left."}},
	})
	if err != nil {
		i.t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	digest := hex.EncodeToString(sum[:])
	i.exec(`insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size) values ($1, 'notification', '1.0.0', 'grpc', $2, $3)`, digest, program, len(program))
	i.nativeClass("notification", digest, map[string]any{
		"config": string(config), "grants": `{"classes": ["notification"]}`, "retry_policy": `{"max_attempts": 5, "base_ms": 1}`,
		"process": `{"network": true, "secrets": {"SMTP_PASSWORD": "smtp", "HOOK_SECRET": "hook"}}`,
	})
}

// What one receiver accepted is not sent again because another was not ready.
func TestNotification_ReachesEachRecipientOnce(t *testing.T) {
	t.Parallel()
	mail := openMailServer(t)
	var mu sync.Mutex
	ids := map[string]int{}
	hook := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if ids[r.Header.Get("webhook-id")]++; len(ids) == 1 && ids[r.Header.Get("webhook-id")] == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	i := install(t)
	i.notification(mail, hook.URL)
	i.nativeHost("native")
	id := i.enqueue("notification", `{"notice": "shipped", "data": {"order": 7}, "to": [
		{"channel": "mail", "address": "ann@example.com"}, {"channel": "mail", "address": "bob@example.com"}, {"channel": "mail", "address": "cid@example.com"}, {"channel": "hook"}]}`)
	i.awaitState(id, job.Succeeded)
	i.awaitTrue("the four deliveries have ended well", `select count(*) = 5 from lessee.job where class = 'notification' and state = 'succeeded'`)
	mail.mu.Lock()
	defer mail.mu.Unlock()
	for _, to := range []string{"ann@example.com", "bob@example.com", "cid@example.com"} {
		if mail.accepted[to] != 1 {
			t.Errorf("%s has %d letters", to, mail.accepted[to])
		}
	}
	if !mail.deferred["bob@example.com"] {
		t.Error("bob was to be tried twice")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 1 {
		t.Errorf("the attempts at the webhook had the ids %v, want one", ids)
	}
}
