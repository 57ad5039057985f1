package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// BenchmarkSandbox is what a clean sandbox costs, as one table: the same job in
// an instance that is never restored, in a restored one by each way that works
// here, in a new one, and in Extism's. All take turns, so that all see the same
// machine. Wants the toolchains of `task sdks:setup`, and the network once, for
// the peer's modules.
//
//	go tool -modfile=.ci/tools/go.mod task bench:sandbox
func BenchmarkSandbox(b *testing.B) {
	engines := newEngines(b)
	lanes := engines.lanes(b, goGuest, wasmtest.Build(b, "./testdata/order"))
	peer := startPeer(b)
	lanes = append(lanes, peer.lanes(b)...)
	for _, g := range smallGuests(b) {
		lanes = append(lanes, engines.lanes(b, g.name, g.binary)...)
	}
	before := loadAverage()
	for b.Loop() {
		for _, l := range lanes {
			if err := l.turn(); err != nil {
				b.Fatalf("%s, %s: %v", l.guest, l.name, err)
			}
		}
	}
	b.ReportMetric(0, "ns/op") // of no meaning: it is all lanes'
	fmt.Printf("\n%s\n%s\nload average %s before and %s after, %d jobs in each row, taken in turns of %d, envelopes of %d bytes\n%s\n%s\n",
		conditions(b), peer.hello.Versions, before, loadAverage(), b.N*perTurn, perTurn, len(benchEnvelope(b)), table(lanes), targets(lanes))
}

// goGuest is the guest that the targets are about: JSON in, JSON out.
const goGuest = "Go"

// smallGuests are what a job costs beside its work (noop), and the smallest
// plugin there is, which reads a field, logs a line and answers a text.
func smallGuests(b *testing.B) (guests []guestOf) {
	for _, name := range []string{"noop", "greet"} {
		guests = append(guests,
			guestOf{"C " + name, wasmtest.C(b, "sdk/c/examples/"+name+".c")},
			guestOf{"Rust " + name, wasmtest.Rust(b, "sdk/rust/examples/"+name+"/src/lib.rs")},
			guestOf{"AssemblyScript " + name, wasmtest.AssemblyScript(b, "sdk/assemblyscript/examples/"+name+"/"+name+".ts")})
	}
	return guests
}

type guestOf struct {
	name   string
	binary []byte
}

// benchEnvelope is the same for all guests: each finds in it what it looks for.
func benchEnvelope(t testing.TB) []byte {
	t.Helper()
	e := sampleEnvelope()
	e.Payload = []byte(`{"name":"world",` + orderPayload[1:])
	data, err := abi.EncodeEnvelope(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lane is one way to get an instance for a job.
type lane struct {
	guest, name string
	turn        func() error // adds to took
	took        []time.Duration
}

// The lanes that others are compared with.
const (
	reusedLane = "reused, never restored"
	bareLane   = "new, wazero as it comes"
)

// Of each of a lane's turns so many jobs are timed, and so many before them are
// not. Those would pay for the cold processor caches that the lane before left
// behind, most of all the new instances, and so the lanes' order would show in
// the table.
const (
	perTurn   = 20
	unclocked = 2
)

// newLane is a lane of this process.
func newLane(guest, name string, run func() error) *lane {
	l := &lane{guest: guest, name: name}
	l.turn = func() error {
		for n := range unclocked + perTurn {
			started := time.Now()
			err := run()
			if took := time.Since(started); n >= unclocked {
				l.took = append(l.took, took)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return l
}

// engines is one engine for each way that works here.
type engines []*Engine

func newEngines(b *testing.B) (all engines) {
	dir := b.TempDir() // of compiled code
	for _, way := range image.Ways() {
		e, err := New(b.Context(), Config{Restore: way, CacheDir: dir})
		if err != nil {
			fmt.Printf("the way %s does not work here: %v\n", way, err)
			continue
		}
		b.Cleanup(func() { noError(b, e.Close(context.Background())) })
		all = append(all, e)
	}
	return all
}

func (all engines) lanes(b *testing.B, guest string, binary []byte) (lanes []*lane) {
	input := benchEnvelope(b)
	add := func(name string, run func() error) { lanes = append(lanes, newLane(guest, name, run)) }
	var m *Module
	for _, e := range all {
		var err error
		m, err = e.Load(b.Context(), digestOf(binary), binary, nil)
		noError(b, err)
		b.Cleanup(func() { noError(b, m.Close(context.Background())) })
		if len(lanes) == 0 {
			add(reusedLane, reused(b, m, input))
		}
		add("restored, "+string(e.keeper.Report().Way), executing(b, m, input))
	}
	cold := &Module{engine: m.engine, info: m.info, facts: m.facts, names: m.names, code: m.code}
	add("new, metered (cold)", executing(b, cold, input))
	start := []string{abi.ExportInitialize}
	if guest != goGuest { // whose lessee_init prepares nothing but the snapshot, and takes long
		start = append(start, abi.ExportInit)
	}
	add(bareLane, bare(b, wazero.NewRuntimeConfig(), binary, input, start...))
	add("new, wazero closing on context done", bare(b, wazero.NewRuntimeConfig().WithCloseOnContextDone(true), binary, input, start...))
	return lanes
}

func executing(b *testing.B, m *Module, input []byte) func() error {
	limits := abi.DefaultLimits()
	return func() error {
		result, _, err := m.Execute(b.Context(), under(limits), input, discard{})
		return answered(result, err)
	}
}

func answered(result abi.Result, err error) error {
	if err == nil && result.Status != abi.StatusOK {
		err = fmt.Errorf("the job ended as %s: %w", result.Status, result.Error)
	}
	return err
}

// reused runs jobs as Execute does, limits and all, but in one instance, with
// what the jobs before left in it.
func reused(b *testing.B, m *Module, input []byte) func() error {
	first := newAttempt(abi.DefaultLimits(), discard{})
	first.stdout = &stream{log: &first.log}
	i, err := m.instantiate(b.Context(), first)
	noError(b, err)
	noError(b, m.keep(i))
	b.Cleanup(func() { noError(b, i.close()) })
	return func() error {
		a := newAttempt(abi.DefaultLimits(), discard{})
		var result abi.Result
		err := m.guarded(b.Context(), a, func(ctx context.Context) (err error) {
			i.begin(ctx, a)
			defer i.end(a)
			result, err = a.exchange(ctx, i, input)
			return err
		})
		return answered(result, err)
	}
}

// bare is a new instance per job of the module as it was built, without meter
// and limits.
func bare(b *testing.B, engine wazero.RuntimeConfig, binary, input []byte, start ...string) func() error {
	ctx := b.Context()
	r := wazero.NewRuntimeWithConfig(ctx, engine)
	b.Cleanup(func() { noError(b, r.Close(context.Background())) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	builder := r.NewHostModuleBuilder(abi.ImportModule)
	for name, f := range hostFunctions() {
		builder.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) {}), f.params, f.results).Export(name)
	}
	_, err := builder.Instantiate(ctx)
	noError(b, err)
	compiled, err := r.CompileModule(ctx, binary)
	noError(b, err)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions(start...)
	return func() error {
		m, err := r.InstantiateModule(ctx, compiled, config)
		if err != nil {
			return err
		}
		data, err := exchangeBare(ctx, m, input)
		if err := errors.Join(err, m.Close(ctx)); err != nil {
			return err
		}
		return answered(abi.DecodeResult(data))
	}
}

// exchangeBare runs one job in a new instance.
func exchangeBare(ctx context.Context, m api.Module, input []byte) ([]byte, error) {
	at, err := m.ExportedFunction(abi.ExportAlloc).Call(ctx, uint64(len(input)))
	if err != nil {
		return nil, err
	}
	if !m.Memory().Write(uint32(at[0]), input) {
		return nil, errors.New("the input lies outside the memory")
	}
	packed, err := m.ExportedFunction(abi.ExportExecute).Call(ctx, at[0], uint64(len(input)))
	if err != nil {
		return nil, err
	}
	ptr, n := abi.Unpack(packed[0])
	data, ok := m.Memory().Read(ptr, n)
	if !ok {
		return nil, errors.New("the result lies outside the memory")
	}
	return slices.Clone(data), nil
}

func noError(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
