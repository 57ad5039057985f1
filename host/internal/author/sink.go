package author

import (
	"context"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/egress"
)

// sink is all that a guest may ask for while it runs. It keeps what is said in
// a report, and sends requests as the class allows.
type sink struct {
	to       *Report
	network  *egress.Network
	requests *egress.Requests
}

func (m *Module) newSink(class Class, envelope []byte, to *Report) sink {
	e, _ := abi.DecodeEnvelope(envelope) // of one that can't be read, the guest will say so
	return sink{to, m.network, m.network.Open(&class.Class, e.Trace)}
}

func (s sink) Log(level abi.Level, line string) {
	if s.network.Scan([]byte(line)) != nil {
		line = "(a line is left out: it holds the value of a credential)"
	}
	names := [...]string{"debug", "info", "warn", "error"}
	s.to.Log = append(s.to.Log, Line{names[min(max(int(level), 0), len(names)-1)], line})
}

func (s sink) Progress(permille int, note string) {
	if s.network.Scan([]byte(note)) != nil {
		note = ""
	}
	s.to.Progress = append(s.to.Progress, Progress{permille, note})
}

func (s sink) HTTP(ctx context.Context, document []byte) ([]byte, error) {
	return s.requests.HTTP(ctx, document)
}
