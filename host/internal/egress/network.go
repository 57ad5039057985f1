package egress

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Network gives every attempt the client of its class. Its methods are safe for
// concurrent use.
type Network struct {
	secrets *Secrets
	mu      sync.Mutex
	clients map[string]*entry // by class
}

// entry is the client of a class, made of its grants of one moment.
type entry struct {
	of     *registry.Class // the last that asked for it
	grants []registry.HTTPGrant
	client *Client
	fault  string // what is wrong with the grants; empty: nothing
}

// NewNetwork returns one that finds the values of credentials by env. It
// silences the standard logger of the process; see [Hush].
func NewNetwork(env Env) *Network {
	Hush()
	return &Network{secrets: NewSecrets(env), clients: map[string]*entry{}}
}

// Bind replaces the bindings of credentials.
func (n *Network) Bind(bindings []registry.SecretBinding) { n.secrets.Bind(bindings) }

// Scan reports whether data, which is about to be kept, holds the value of a
// credential: an error of code result_secret.
func (n *Network) Scan(data []byte) error { return n.secrets.ScanOutput(data) }

// Secret is the value of a binding, for a native plugin that a class row names
// it for. Where that may send it, nobody can check; that nothing is kept which
// holds it, [Network.Scan] does.
func (n *Network) Secret(name string) (string, error) { return n.secrets.value(name) }

// Open returns what sends the requests of one attempt of class.
func (n *Network) Open(class *registry.Class, trace abi.Trace) *Requests {
	return &Requests{entry: n.entryOf(class), attempt: NewAttempt(class.Limits, trace)}
}

func (n *Network) entryOf(class *registry.Class) *entry {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.clients[class.Name]
	if e != nil && (e.of == class || reflect.DeepEqual(e.grants, class.Grants.HTTP)) {
		e.of = class
		return e
	}
	if e != nil && e.client != nil {
		e.client.Close() // requests under way go on
	}
	e = &entry{of: class, grants: class.Grants.HTTP}
	client, err := New(Config{Grants: class.Grants.HTTP, Secrets: n.secrets})
	if err != nil {
		e.fault = err.Error()
	}
	e.client = client
	n.clients[class.Name] = e
	return e
}

// Requests sends the requests of one attempt. It serves one goroutine at a time.
type Requests struct {
	*entry
	attempt *Attempt
}

// HTTP takes a request document and returns the answer's; see [Client.Do].
func (r *Requests) HTTP(ctx context.Context, document []byte) ([]byte, error) {
	if r.fault != "" {
		return abi.DenyHTTP("the grants of the class can't be used: " + r.fault), nil
	}
	return r.client.Do(ctx, r.attempt, document)
}

// Used adds to usage what the attempt used, and returns its records as JSON;
// nil when there are none.
func (r *Requests) Used(usage *abi.Usage) json.RawMessage {
	usage.HTTPCalls, usage.HTTPBytes = r.attempt.Calls(), r.attempt.Bytes()
	if len(r.attempt.Records()) == 0 {
		return nil
	}
	data, err := json.Marshal(r.attempt.Records())
	if err != nil {
		return nil // numbers, texts and a time encode
	}
	return data
}
