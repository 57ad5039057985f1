package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// address is the template of a URL. The operator alone writes scheme, host and
// port; values of the payload stand within segments of the path and in the query.
type address struct{ path, query template }

func parseAddress(text string) (address, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	switch authority := rest[:end]; {
	case scheme != "http" && scheme != "https" || authority == "":
		return address{}, errors.New("url: it does not begin with https://host")
	case strings.ContainsAny(authority, "{}@"):
		return address{}, errors.New("url: a payload can't choose the host, and credentials are named in credential: {name} and @ stand after the first /")
	case strings.Contains(rest, "#"):
		return address{}, errors.New("url: a fragment is never sent; leave it out")
	}
	before, after, _ := strings.Cut(text, "?")
	path, err := parseTemplate(before)
	if err != nil {
		return address{}, fmt.Errorf("url: %w", err)
	}
	query, err := parseTemplate(after)
	if err != nil {
		return address{}, fmt.Errorf("url: %w", err)
	}
	return address{path, query}, nil
}

// fill writes the URL for a payload.
func (a address) fill(payload any) (*url.URL, error) {
	path, err := a.path.fill(payload, inPath)
	if err != nil {
		return nil, err
	}
	query, err := a.query.fill(payload, inQuery)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	u.RawQuery = query
	return u, nil
}

// with is u with more parameters.
func with(u *url.URL, parameters url.Values) string {
	all := *u
	if more := parameters.Encode(); more != "" {
		all.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+more, "&")
	}
	return all.String()
}

// origin is what pages may not leave.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
