package host

import (
	"context"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/egress"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/worker"
	"github.com/lessee-run/lessee/registry"
)

// network is an egress.Network as the worker sees it.
type network struct{ *egress.Network }

func (n network) Open(class *registry.Class, trace abi.Trace) worker.Requests {
	return n.Network.Open(class, trace)
}

// source is the registry, whose bindings of credentials the network follows.
type source struct {
	*postgres.Store
	network *egress.Network
}

func (s source) LoadRegistry(ctx context.Context) (*registry.Snapshot, error) {
	snapshot, err := s.Store.LoadRegistry(ctx)
	if err == nil {
		s.network.Bind(snapshot.Secrets)
	}
	return snapshot, err
}
