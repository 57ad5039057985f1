package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// mail sends the letter by SMTP and returns the server's answer.
func (m *message) mail(ctx context.Context) (string, error) {
	l, err := m.letter()
	if err != nil {
		return "", err
	}
	client, err := m.client(ctx)
	if err != nil {
		return "", err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return "", m.dialError(err)
	}
	err = client.Send(l)
	if l.IsDelivered() { // then it is accepted, whatever came after
		client.Close() //nolint:errcheck // the letter is there
		return l.ServerResponse(), nil
	}
	client.Close() //nolint:errcheck // the first error tells
	return "", m.sendError(err)
}

func (m *message) client(ctx context.Context) (*gomail.Client, error) {
	c := m.channel
	secure, err := m.tlsConfig()
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithTLSConfig(secure)}
	if deadline, ok := ctx.Deadline(); ok {
		options = append(options, gomail.WithTimeout(max(time.Until(deadline), time.Millisecond)))
	}
	dial, port := dialer(ctx), 0
	switch c.Security {
	case "tls":
		options, port = append(options, gomail.WithSSL()), 465
		dial = encrypted(dial, secure)
	case "none":
		options, port = append(options, gomail.WithTLSPolicy(gomail.NoTLS)), 25
	default: // a server that does not offer it gets nothing
		options, port = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory)), 587
	}
	if c.Password != "" {
		password, err := m.secrets.get(c.Password)
		if err != nil {
			return nil, err
		}
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.Username), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(c.Host, append(options, gomail.WithPort(cmp.Or(c.Port, port)), gomail.WithDialContextFunc(dial))...)
	if err != nil {
		return nil, permanent(codeConfigInvalid, "channel %s: %v", m.name, err)
	}
	return client, nil
}

func (m *message) tlsConfig() (*tls.Config, error) {
	secure := &tls.Config{ServerName: m.channel.Host, MinVersion: tls.VersionTLS12}
	if m.channel.CA == "" {
		return secure, nil
	}
	secure.RootCAs = x509.NewCertPool()
	if !secure.RootCAs.AppendCertsFromPEM([]byte(m.channel.CA)) {
		return nil, permanent(codeConfigInvalid, "ca of channel %s holds no certificate in PEM", m.name)
	}
	return secure, nil
}

// dialer makes connections that end with the attempt, also while the server is
// awaited.
func dialer(attempt context.Context) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(attempt, func() { conn.Close() }) //nolint:errcheck // it may be closed
		return conn, nil
	}
}

// encrypted makes connections that are TLS from the beginning.
func encrypted(dial gomail.DialContextFunc, secure *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, secure), nil
	}
}

// dialError is what went wrong before there was anything to accept.
func (m *message) dialError(err error) error {
	if answer := (*textproto.Error)(nil); errors.As(err, &answer) && answer.Code/10 == 53 {
		return retry(codeAuthFailed, "the mail server of %s does not take the credentials: %s", m.name, clip(answer.Error()))
	}
	return retry(codeUnreachable, "the mail server of %s can't be used: %s", m.name, clip(err.Error()))
}

// sendError is a server's refusal, or the end of the conversation. What was
// not closed by a final dot is not accepted; what was, and was not answered, may be.
func (m *message) sendError(err error) error {
	sent := (*gomail.SendError)(nil)
	if !errors.As(err, &sent) {
		return retry(codeUnreachable, "the conversation with the mail server of %s ended: %s", m.name, clip(err.Error()))
	}
	words := clip(sent.Error())
	switch code := sent.ErrorCode(); {
	case code/100 == 5:
		return permanent(codeRefused, "the mail server of %s refuses it: %s", m.name, words)
	case code/100 == 4:
		return retry(codeDeferred, "the mail server of %s takes it later: %s", m.name, words)
	case sent.Reason == gomail.ErrSMTPDataClose:
		return retry(codeUnknown, "the connection ended before the server answered: %s", words)
	case sent.Reason == gomail.ErrGetSender || sent.Reason == gomail.ErrGetRcpts || sent.Reason == gomail.ErrNoUnencoded:
		return permanent(codeRefused, "the letter can't be sent by %s: %s", m.name, words)
	}
	return retry(codeUnreachable, "the conversation with the mail server of %s ended: %s", m.name, words)
}
