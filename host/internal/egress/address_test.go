package egress

import (
	"net"
	"net/netip"
	"testing"

	"github.com/lessee-run/lessee/registry"
)

var everyAddress = map[string]reach{
	"8.8.8.8": byDefault, "1.1.1.1": byDefault, "172.32.0.1": byDefault, "100.128.0.1": byDefault, "2606:4700::1111": byDefault, "2a00::1": byDefault,
	"0.0.0.0": never, "0.1.2.3": never, "224.0.0.1": never, "239.255.255.250": never, "240.0.0.1": never, "255.255.255.255": never, "::": never, "ff02::1": never,
	"127.0.0.1": byAll, "127.255.255.254": byAll, "10.0.0.1": byAll, "172.16.0.1": byAll, "172.31.255.255": byAll, "192.168.1.1": byAll, "169.254.1.1": byAll,
	"100.64.0.1": byAll, "100.127.255.255": byAll, "::1": byAll, "fe80::1": byAll, "fc00::1": byAll, "fd12::1": byAll,
	"192.0.0.1": byNet, "192.0.2.1": byNet, "192.88.99.1": byNet, "198.18.0.1": byNet, "198.19.255.255": byNet, "198.51.100.1": byNet, "203.0.113.1": byNet,
	"2001:db8::1": byNet, "3fff::1": byNet, "2001:2::1": byNet, "2001:20::1": byNet, "fec0::1": byNet, "100::1": byNet, "5f00::1": byNet, "64:ff9b:1::1": byNet,
	"169.254.169.254": byAddress, "169.254.170.2": byAddress, "169.254.170.23": byAddress, "168.63.129.16": byAddress, "100.100.100.200": byAddress,
	"192.0.0.192": byAddress, "fd00:ec2::254": byAddress, "fd20:ce::254": byAddress,
	// IPv4 inside of IPv6
	"::ffff:8.8.8.8": byDefault, "64:ff9b::8.8.8.8": byDefault, "2002:808:808::1": byDefault,
	"::ffff:127.0.0.1": byAll, "::ffff:10.0.0.1": byAll, "64:ff9b::127.0.0.1": byAll, "64:ff9b::a00:1": byAll, "2002:7f00:1::1": byAll, "2002:a00:1::": byAll,
	"2001:0:7f00:1::f7f7:f7f7": byAll, "2001:0:808:808::f7f7:f7f7": byDefault, "2001:0:808:808::f5ff:fffe": byAll, "2606:4700::5efe:10.0.0.1": byAll, "2606:4700::200:5efe:10.0.0.1": byAll,
	"::ffff:169.254.169.254": byAddress, "64:ff9b::169.254.169.254": byAddress, "2002:a9fe:a9fe::1": byAddress, "64:ff9b::0.0.0.0": never, "::ffff:224.0.0.1": never,
}

func TestAddress_EveryZoneNeedsItsOwnKindOfGrant(t *testing.T) {
	table := zones()
	everything := nets("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")
	for text, need := range everyAddress {
		a := netip.MustParseAddr(text)
		alone := registry.PrivateNets{Nets: []netip.Prefix{netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())}}
		for _, inner := range embedded(a) {
			alone.Nets = append(alone.Nets, netip.PrefixFrom(inner, 32))
		}
		for name, c := range map[string]struct {
			allow registry.PrivateNets
			most  reach
		}{"nothing": {registry.PrivateNets{}, byDefault}, "all": {registry.PrivateNets{All: true}, byAll}, "every network": {everything, byNet}, "itself": {alone, byAddress}} {
			why := refusal(table, a, c.allow)
			if allowed := why == ""; allowed != (need <= c.most) {
				t.Errorf("%s with %s: %q", text, name, why)
			}
		}
	}
	if refusal(table, netip.MustParseAddr("fe80::1%eth0"), everything) == "" {
		t.Error("an address with a zone is allowed")
	}
}

func TestAddress_OneOfThisMachineIsNoPublicOne(t *testing.T) {
	d := newDialer(registry.PrivateNets{}, nil)
	d.own = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(8, 8, 8, 8), Mask: net.CIDRMask(24, 32)}}, nil
	}
	if d.check(netip.MustParseAddr("8.8.8.8")) == nil || d.check(netip.MustParseAddr("::ffff:8.8.8.8")) == nil {
		t.Error("this machine's own address is reached")
	}
	if err := d.check(netip.MustParseAddr("8.8.8.9")); err != nil {
		t.Error(err)
	}
	d.allow = nets("8.8.8.8/32")
	if err := d.check(netip.MustParseAddr("8.8.8.8")); err != nil {
		t.Error(err)
	}
}
