package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

const (
	dialTime      = 5 * time.Second // per address
	dialAddresses = 4               // tried at most
	handshakeTime = 10 * time.Second
	idleTime      = 30 * time.Second
	idlePerHost   = 4
	headCap       = 64 << 10 // bytes of an answer's head, informational answers among them
	streamCap     = 1 << 20  // bytes that an HTTP/2 server may send ahead of the reader
)

// newTransport has no proxy, no environment, and undoes no compression: what
// is counted is what travelled.
func newTransport(d *dialer, roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            d.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    handshakeTime,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: streamCap, MaxReceiveBufferPerConnection: streamCap},
		DisableCompression:     true,
		MaxResponseHeaderBytes: headCap,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTime,
	}
}

// dialer connects to addresses that one grant reaches, and to no others.
type dialer struct {
	allow    registry.PrivateNets
	resolver *net.Resolver
	zones    []zone
	own      func() ([]net.Addr, error) // addresses of this machine
}

func newDialer(allow registry.PrivateNets, resolver *net.Resolver) *dialer {
	return &dialer{allow: allow, resolver: resolver, zones: zones(), own: net.InterfaceAddrs}
}

// dial resolves once, checks every address, and connects to one of those; the
// name is never asked for again.
func (d *dialer) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	addresses, err := d.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if err := d.check(a); err != nil {
			return nil, err
		}
	}
	plain := net.Dialer{Timeout: dialTime, ControlContext: d.control}
	var failures []error
	for _, a := range addresses[:min(len(addresses), dialAddresses)] {
		conn, err := plain.DialContext(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return newQuietConn(conn), nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// resolve asks for the name as it is: the final dot keeps the search domains
// of the host's resolver out.
func (d *dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addresses, err := d.resolver.LookupNetIP(ctx, "ip", host+".")
	if err == nil && len(addresses) == 0 {
		err = &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return addresses, err
}

func (d *dialer) check(a netip.Addr) error {
	why := refusal(d.zones, a, d.allow)
	if why == "" && d.isOwn(a.Unmap()) && !reaches(d.allow, a.Unmap(), byAll) {
		why = "an address of this machine"
	}
	if why == "" {
		return nil
	}
	return abi.Errorf(abi.CodeHTTPDenied, "%s is %s, which the grant does not reach; if it is meant to, an operator lists it in allow_private of the http grant", a, why)
}

// isOwn: a public address of this machine leads past its firewall, as loopback does.
func (d *dialer) isOwn(a netip.Addr) bool {
	own, err := d.own()
	if err != nil {
		return true
	}
	for _, o := range own {
		if prefix, err := netip.ParsePrefix(o.String()); err == nil && prefix.Addr().Unmap() == a {
			return true
		}
	}
	return false
}

// control is the last look, at the very address that the socket is about to connect to.
func (d *dialer) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	return d.check(to.Addr())
}
