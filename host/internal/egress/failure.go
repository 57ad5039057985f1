package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/lessee-run/lessee/abi"
)

// failure is what the guest is told of an error of the network. It is in words
// of our own: the text of err may quote the server, which may know the secret.
func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("http: %w", context.Cause(ctx)) // the guest's own deadline is an *abi.Error that it may handle
	}
	if told := (*abi.Error)(nil); errors.As(err, &told) {
		return told
	}
	return abi.Errorf(abi.CodeHTTPFailed, "%s", cause(err))
}

func cause(err error) string {
	if text := connectionCause(err); text != "" {
		return text
	}
	if text := certificateCause(err); text != "" {
		return text
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the server closed the connection before its answer was complete"
	}
	return fmt.Sprintf("the server's answer is no valid HTTP, or its head is larger than %d bytes", headCap)
}

func connectionCause(err error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name of the host was not found"
	case errors.As(err, &dns):
		return "the name of the host could not be looked up"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the host refused the connection: nothing listens on that port"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server broke the connection off"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the host can't be reached from here"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "the host did not answer in time"
	}
	return ""
}

func certificateCause(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
	)
	switch {
	case errors.As(err, &authority):
		return "the server's certificate is of an authority that this host does not trust"
	case errors.As(err, &hostname):
		return "the server's certificate is for another host"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "the server's certificate is not valid"
	case errors.As(err, &record):
		return "the server does not speak TLS on that port"
	case errors.As(err, &alert):
		return "the server refused the TLS connection"
	}
	return ""
}
