package egress

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Secrets finds the values of bindings on this machine, and finds them again
// where they must not be. All clients of a host share one.
type Secrets struct {
	env Env

	mu      sync.Mutex
	sources map[string]*source
	guarded map[string][]string // values by binding: the present one, and the one before
	last    *reading
	readAt  time.Time // of last
}

// NewSecrets returns one without bindings.
func NewSecrets(env Env) *Secrets {
	return &Secrets{env: env, sources: map[string]*source{}, guarded: map[string][]string{}, last: &reading{}}
}

// Bind replaces the bindings, as a new snapshot of the registry has them. The
// values of those that went stay guarded.
func (s *Secrets) Bind(bindings []registry.SecretBinding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.sources
	s.sources = make(map[string]*source, len(bindings))
	for _, b := range bindings {
		next := &source{SecretBinding: b, env: s.env}
		if old := before[b.Name]; old != nil && old.Source == b.Source && old.Reference == b.Reference {
			next.file, next.value = old.file, old.value
		}
		s.sources[b.Name] = next
	}
	s.last = nil
}

// ScanOutput reports whether data, which is about to be kept, holds the value
// of a binding: an error of code result_secret.
func (s *Secrets) ScanOutput(data []byte) error {
	if name := s.recent().find(data); name != "" {
		return abi.Errorf(abi.CodeResultSecret, "the result holds the value of the credential %q, or a way to write it; nothing of it was kept: return no part of what a credential is made of", name)
	}
	return nil
}

// value is that of a binding, found again.
func (s *Secrets) value(name string) (string, error) {
	b, ok := s.read().bindings[name]
	switch {
	case !ok || !b.Enabled:
		return "", fmt.Errorf("it is not bound or not enabled; an operator binds it by lessee secret add")
	case b.value == "":
		return "", fmt.Errorf("its value can't be found on this host; lessee secret check says why")
	}
	return b.value, nil
}

// bound is a binding with what was found of it.
type bound struct {
	registry.SecretBinding
	value string // empty: it can't be used here
}

// reading is the state of all bindings at one moment. It never changes.
type reading struct {
	bindings map[string]bound
	needles  []needle
}

// recent spares scans the look at every source: each value that a request
// carries is in the last reading anyway.
func (s *Secrets) recent() *reading {
	s.mu.Lock()
	last, age := s.last, time.Since(s.readAt)
	s.mu.Unlock()
	if last == nil || age > time.Second {
		return s.read()
	}
	return last
}

// read looks at every source, and gives the same reading again when nothing changed.
func (s *Secrets) read() *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.last == nil
	for name, src := range s.sources {
		before := src.value
		_ = src.refresh() // its value is empty then; who asks for it is told, and secret check says why
		if src.value != before {
			changed = true
		}
		if src.value != "" && !slices.Contains(s.guarded[name], src.value) {
			s.guarded[name] = append([]string{src.value}, s.guarded[name]...)[:min(2, len(s.guarded[name])+1)]
			changed = true
		}
	}
	if changed {
		s.last = s.newReading()
	}
	s.readAt = time.Now()
	return s.last
}

func (s *Secrets) newReading() *reading {
	r := &reading{bindings: make(map[string]bound, len(s.sources))}
	for name, src := range s.sources {
		r.bindings[name] = bound{src.SecretBinding, src.value}
	}
	for name, values := range s.guarded {
		for _, value := range values {
			r.needles = append(r.needles, needles(name, value)...)
		}
	}
	return r
}

// find returns the name of a binding whose value stands in one of texts; empty: none.
func (r *reading) find(texts ...[]byte) string {
	for _, n := range r.needles {
		for _, text := range texts {
			if bytes.Contains(text, n.text) {
				return n.name
			}
		}
	}
	return ""
}

// knownTo reports whether some binding, enabled or not, may be sent to host.
func (r *reading) knownTo(host string) bool {
	for _, b := range r.bindings {
		if b.sendableTo(host) {
			return true
		}
	}
	return false
}

// authorize adds a credential to a request that has passed every check but this one.
func (r *reading) authorize(header http.Header, name string, t target) error {
	b, ok := r.bindings[name]
	switch {
	case !ok || !b.Enabled:
		return abi.Errorf(abi.CodeHTTPDenied, "the credential %.80q is not bound or not enabled; an operator binds it by lessee secret add", name)
	case !b.sendableTo(t.host):
		return abi.Errorf(abi.CodeHTTPDenied, "the credential %.80q may not be sent to %s; an operator adds the host to the hosts of its secret binding", name, t.host)
	case header.Values(b.Header) != nil:
		return abi.Errorf(abi.CodeHTTPInvalid, "the header %s is the credential's: leave it out", b.Header)
	case b.value == "":
		return abi.Errorf(abi.CodeHTTPFailed, "the value of the credential %.80q can't be found on this host; lessee secret check says why", name)
	}
	value, err := b.header()
	if err != nil {
		return err
	}
	header.Set(b.Header, value)
	return nil
}

func (b bound) sendableTo(host string) bool {
	return slices.ContainsFunc(b.Hosts, func(text string) bool {
		p, err := parsePattern(text)
		return err == nil && p.matches(host)
	})
}

// header is the value of the header that carries the secret.
func (b bound) header() (string, error) {
	value := strings.NewReplacer("{}", b.value, "{base64}", base64.StdEncoding.EncodeToString([]byte(b.value))).Replace(b.Format)
	if value == b.Format || !httpguts.ValidHeaderFieldName(b.Header) || forbidden(http.CanonicalHeaderKey(b.Header)) || !httpguts.ValidHeaderFieldValue(value) {
		return "", abi.Errorf(abi.CodeHTTPFailed, "the secret binding %q makes no header: its header must be a name that a request may have, its format must hold {} or {base64}", b.Name)
	}
	return value, nil
}
