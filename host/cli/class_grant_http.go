package cli

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/lessee-run/lessee/registry"
)

// httpGrants reads what --grant-http was given. The database checks the rest.
func httpGrants(texts []string) ([]registry.HTTPGrant, error) {
	grants := []registry.HTTPGrant{}
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		g, err := httpGrant(strings.Fields(text))
		if err != nil {
			return nil, misused("--grant-http %q: %v", text, err)
		}
		grants = append(grants, g)
	}
	return grants, nil
}

func httpGrant(words []string) (g registry.HTTPGrant, err error) {
	if len(words) < 2 {
		return g, misused("it is METHODS URL [credential=NAME,…] [private[=NETWORK,…]], as in 'GET,POST https://api.example.com/v1/'")
	}
	u, err := url.Parse(words[1])
	switch {
	case err != nil:
		return g, err
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return g, misused("the URL is scheme, host, and if need be port and path: https://api.example.com:8443/v1/")
	}
	g = registry.HTTPGrant{Scheme: u.Scheme, Host: u.Hostname(), Methods: strings.Split(strings.ToUpper(words[0]), ",")}
	if u.Path != "/" {
		g.PathPrefix = u.Path
	}
	if u.Port() != "" {
		if g.Port, err = strconv.Atoi(u.Port()); err != nil {
			return g, err
		}
	}
	for _, word := range words[2:] {
		name, value, given := strings.Cut(word, "=")
		switch {
		case name == "credential" && value != "":
			g.Credentials = strings.Split(value, ",")
		case name == "private" && !given:
			g.AllowPrivate.All = true
		case name == "private" && value != "":
			if err := g.AllowPrivate.UnmarshalJSON([]byte(`["` + strings.ReplaceAll(value, ",", `","`) + `"]`)); err != nil {
				return g, err
			}
		default:
			return g, misused("%q is neither credential=NAME,… nor private nor private=NETWORK,…", word)
		}
	}
	return g, nil
}
