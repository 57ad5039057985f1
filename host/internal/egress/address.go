package egress

import (
	"net/netip"

	"github.com/lessee-run/lessee/registry"
)

// reach is what it takes for a grant to reach a zone.
type reach int

const (
	byDefault reach = iota // public
	byAll                  // allow_private: true, or a network that holds the address
	byNet                  // a network of allow_private that holds the address
	byAddress              // the address itself in allow_private
	never
)

// zone is a range of addresses of one kind. The first that holds an address counts.
type zone struct {
	net   netip.Prefix
	name  string
	reach reach
}

// zones follows the special-purpose registries of IANA, and the addresses
// where clouds tell credentials to whoever asks from inside.
// Source: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
func zones() []zone {
	z := func(net, name string, r reach) zone { return zone{netip.MustParsePrefix(net), name, r} }
	return []zone{
		z("169.254.169.254/32", "a cloud metadata address", byAddress), // AWS, Azure, Google and most others
		z("169.254.170.2/32", "a cloud metadata address", byAddress),   // AWS ECS
		z("169.254.170.23/32", "a cloud metadata address", byAddress),  // AWS EKS
		z("169.254.42.42/32", "a cloud metadata address", byAddress),   // Scaleway
		z("168.63.129.16/32", "a cloud metadata address", byAddress),   // Azure
		z("100.100.100.200/32", "a cloud metadata address", byAddress), // Alibaba
		z("192.0.0.192/32", "a cloud metadata address", byAddress),     // Oracle
		z("fd00:ec2::254/128", "a cloud metadata address", byAddress),  // AWS
		z("fd00:ec2::23/128", "a cloud metadata address", byAddress),   // AWS EKS
		z("fd20:ce::254/128", "a cloud metadata address", byAddress),   // Google
		z("fd00:42::42/128", "a cloud metadata address", byAddress),    // Scaleway

		z("0.0.0.0/8", "an unspecified address", never),
		z("224.0.0.0/4", "a multicast address", never),
		z("240.0.0.0/4", "a reserved or broadcast address", never),
		z("127.0.0.0/8", "a loopback address", byAll),
		z("169.254.0.0/16", "a link-local address", byAll),
		z("10.0.0.0/8", "a private address", byAll),
		z("172.16.0.0/12", "a private address", byAll),
		z("192.168.0.0/16", "a private address", byAll),
		z("100.64.0.0/10", "an address shared behind carrier NAT", byAll),
		z("192.0.0.0/24", "an address of protocol assignments", byNet),
		z("192.0.2.0/24", "a documentation address", byNet),
		z("192.88.99.0/24", "a 6to4 relay address", byNet),
		z("198.18.0.0/15", "a benchmarking address", byNet),
		z("198.51.100.0/24", "a documentation address", byNet),
		z("203.0.113.0/24", "a documentation address", byNet),
		z("0.0.0.0/0", "a public address", byDefault),

		z("::/128", "an unspecified address", never),
		z("ff00::/8", "a multicast address", never),
		z("::1/128", "a loopback address", byAll),
		z("fe80::/10", "a link-local address", byAll),
		z("fc00::/7", "a private address", byAll),
		z("64:ff9b::/96", "a NAT64 address", byDefault), // what it leads to is checked as well
		z("2001::/32", "a Teredo address", byDefault),   // so is this
		z("2001::/23", "an address of protocol assignments", byNet),
		z("2001:db8::/32", "a documentation address", byNet),
		z("3fff::/20", "a documentation address", byNet),
		z("2000::/3", "a public address", byDefault),
		z("::/0", "an address outside the public range", byNet),
	}
}

// refusal says what kind of address a is when allow does not reach it, or one
// that it leads to; empty: allowed.
func refusal(zones []zone, a netip.Addr, allow registry.PrivateNets) string {
	if a.Zone() != "" {
		return "an address with a zone"
	}
	a = a.Unmap()
	if why := plainRefusal(zones, a, allow); why != "" {
		return why
	}
	for _, inner := range embedded(a) {
		if why := plainRefusal(zones, inner, allow); why != "" {
			return why + " (" + inner.String() + ") inside an IPv6 address"
		}
	}
	return ""
}

func plainRefusal(zones []zone, a netip.Addr, allow registry.PrivateNets) string {
	for _, z := range zones {
		if !z.net.Contains(a) {
			continue
		}
		if reaches(allow, a, z.reach) {
			return ""
		}
		return z.name
	}
	return "an address of no known kind"
}

func reaches(allow registry.PrivateNets, a netip.Addr, need reach) bool {
	switch need {
	case byDefault:
		return true
	case never:
		return false
	case byAll:
		if allow.All {
			return true
		}
	}
	for _, net := range allow.Nets {
		if net.Contains(a) && (need != byAddress || net.IsSingleIP()) {
			return true
		}
	}
	return false
}

// embedded lists the IPv4 addresses that an IPv6 address leads to by one of
// the ways of transition.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	v4 := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	var out []netip.Addr
	switch {
	case b[0] == 0x20 && b[1] == 0x02: // 6to4, RFC 3056
		out = append(out, v4(2))
	case b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0: // Teredo, RFC 4380: its server, and the client with all bits turned
		out = append(out, v4(4), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}))
	case nat64().Contains(a), v4Compatible().Contains(a) && a != netip.IPv6Loopback():
		out = append(out, v4(12))
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP, RFC 5214
		out = append(out, v4(12))
	}
	return out
}

func nat64() netip.Prefix        { return netip.MustParsePrefix("64:ff9b::/96") } // RFC 6052
func v4Compatible() netip.Prefix { return netip.MustParsePrefix("::/96") }        // RFC 4291, deprecated
