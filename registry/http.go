package registry

import (
	"encoding/json"
	"fmt"
	"net/netip"
)

// HTTPGrant lets a class send requests to one host, or to the subdomains of one.
type HTTPGrant struct {
	Scheme       string      `json:"scheme"`                 // http or https
	Host         string      `json:"host"`                   // a name, "*." and a name for its subdomains, or an address
	Port         int         `json:"port,omitempty"`         // absent: the scheme's own
	Methods      []string    `json:"methods"`                // in upper case
	PathPrefix   string      `json:"path_prefix,omitempty"`  // whole segments; absent: any path
	AllowPrivate PrivateNets `json:"allow_private,omitzero"` // absent: public addresses only
	Credentials  []string    `json:"credentials,omitempty"`  // secret bindings that a request may name
}

// PrivateNets says which addresses that are not public a grant reaches. As
// JSON it is true, false, or an array of networks and addresses.
type PrivateNets struct {
	All  bool           // private, loopback and link-local ones; never those of cloud metadata
	Nets []netip.Prefix // only these; one of cloud metadata counts when it stands here alone
}

// IsZero reports whether p reaches public addresses only.
func (p PrivateNets) IsZero() bool { return !p.All && len(p.Nets) == 0 }

// MarshalJSON writes p as a class row has it.
func (p PrivateNets) MarshalJSON() ([]byte, error) {
	if len(p.Nets) > 0 {
		return json.Marshal(p.Nets)
	}
	return json.Marshal(p.All)
}

// UnmarshalJSON reads p as a class row has it.
func (p *PrivateNets) UnmarshalJSON(data []byte) error {
	*p = PrivateNets{}
	if json.Unmarshal(data, &p.All) == nil {
		return nil
	}
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("allow_private is neither true, nor false, nor an array of networks")
	}
	for _, text := range texts {
		prefix, err := parseNet(text)
		if err != nil {
			return fmt.Errorf("allow_private holds %q, which is neither a network such as 10.0.0.0/8 nor an address", text)
		}
		p.Nets = append(p.Nets, prefix)
	}
	return nil
}

func parseNet(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// SecretBinding is a row of secret_binding: where a host finds the value of a
// credential, and where it may send it. The value itself is in no row.
type SecretBinding struct {
	Name      string       `json:"name"`
	Source    SecretSource `json:"source"`
	Reference string       `json:"reference"` // name of a variable, absolute path, or name of a systemd credential
	Hosts     []string     `json:"hosts"`     // as [HTTPGrant.Host]
	Header    string       `json:"header"`    // that carries it
	Format    string       `json:"format"`    // of the header's value; {} is the secret, {base64} its base64
	Enabled   bool         `json:"enabled"`
}

// SecretSource is the kind of place that holds a secret.
type SecretSource string

// Sources of a secret.
const (
	SecretEnv     SecretSource = "env"     // a variable of the host's environment
	SecretFile    SecretSource = "file"    // a file that the host reads
	SecretSystemd SecretSource = "systemd" // a file of $CREDENTIALS_DIRECTORY
)
