package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// postbox is a mail server, which does as a test tells it.
type postbox struct {
	mu      sync.Mutex
	letters []*mail.Message // in the order that they were closed by a dot
	bodies  []string
	refuse  map[string]error // at mail, rcpt or data
	drop    string           // where the connection is cut: data (after the dot) or rcpt
	greeted int              // connections

	users map[string]string // with their passwords; nil: nobody has to log in
	port  int
	ca    string // PEM of who signed its certificate
}

// open starts the server with a certificate; implicit: all is TLS.
func openPostbox(t *testing.T, implicit, withTLS bool) *postbox {
	t.Helper()
	p := &postbox{refuse: map[string]error{}}
	s := smtp.NewServer(p)
	s.Domain, s.AllowInsecureAuth = "mail.test", false
	s.ErrorLog = silent{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	if withTLS {
		var certificate tls.Certificate
		certificate, p.ca = selfSigned(t)
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	if implicit {
		l = tls.NewListener(l, s.TLSConfig)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close() //nolint:errcheck // the listener may be closed
		l.Close() // Serve may not have begun, and would not hear of the Close before it did
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return p
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

func (p *postbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.greeted++
	return &session{postbox: p, conn: c}, nil
}

// tell changes what the server does from now on.
func (p *postbox) tell(change func(*postbox)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// got are the letters that were closed by a dot, and their bodies.
func (p *postbox) got() ([]*mail.Message, []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.letters, p.bodies
}

type session struct {
	*postbox
	conn     *smtp.Conn
	loggedIn bool
}

func (s *session) AuthMechanisms() []string {
	if s.users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.users[user] != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password " + password}
		}
		s.loggedIn = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.users != nil && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	return s.at("mail")
}

func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.at("rcpt") }

func (s *session) Data(r io.Reader) error {
	letter, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(letter.Body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.refuse["data"] == nil {
		s.letters, s.bodies = append(s.letters, letter), append(s.bodies, string(body))
	}
	s.mu.Unlock()
	return s.at("data")
}

func (s *session) at(stage string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drop == stage {
		s.conn.Conn().Close() //nolint:errcheck // that is the point
	}
	return s.refuse[stage]
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// selfSigned is a certificate for 127.0.0.1, and its own authority.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text.String()
}
