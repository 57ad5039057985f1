package conformance

import (
	"context"
	"errors"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

// checkMemory runs the example in half of the memory that it takes beyond the
// module's own, and the largest payloads in no more than it takes.
func checkMemory(ctx context.Context, t *trial) (finding, error) {
	takes := t.sample.report.Usage.MemoryBytes
	half := t.info.MemoryBytes + max(0, takes-t.info.MemoryBytes)/2
	if found, err := t.inMemory(ctx, half, "in half of the memory that it takes", mutant{"the example", t.sample.payload}); err != nil || found.verdict != Pass {
		return found, err
	}
	for _, m := range large(t.sample.payload, t.class.Limits.InputBytes) {
		if found, err := t.inMemory(ctx, takes, "in the memory that the example takes", m); err != nil || found.verdict != Pass {
			return found, err
		}
	}
	return t.unharmed(ctx, "after memory was short")
}

// inMemory runs a payload in so much memory. What it falls over with plenty of
// it, too, is for other checks to tell.
func (t *trial) inMemory(ctx context.Context, bytes int64, how string, m mutant) (finding, error) {
	tight := t.class
	tight.Limits.MemoryBytes = min(bytes, tight.Limits.MemoryBytes)
	short, err := t.run(ctx, t.module, tight, m.payload)
	if err != nil || !faults(short.Error) || limited(short.Error.Code) {
		return finding{verdict: Pass}, err
	}
	plenty, err := t.run(ctx, t.module, t.class, m.payload)
	if err != nil || faults(plenty.Error) {
		return finding{verdict: Pass}, err
	}
	found := blame(how+", "+m.what, short.Error)
	found.reason += ". Ask whether there was memory before using it, and trap or fail if not"
	return found, nil
}

// checkStop stops the sample in every way there is.
func checkStop(ctx context.Context, t *trial) (finding, error) {
	fuel, wall := t.class, t.class
	fuel.Limits.Fuel = max(1, t.sample.report.Usage.Fuel/2)
	wall.Limits.WallMS = 1
	for _, way := range []struct {
		how   string
		class author.Class
	}{{"half the fuel it needs", fuel}, {"a millisecond", wall}} {
		report, err := t.run(ctx, t.module, way.class, t.sample.payload)
		if err != nil {
			return finding{}, err
		}
		if e := report.Error; faults(e) && !limited(e.Code) {
			return blame("with "+way.how, e), nil
		}
		if found, err := t.unharmed(ctx, "after a job that had "+way.how); err != nil || found.verdict == Fail {
			return found, err
		}
	}
	if err := t.cancel(ctx); err != nil {
		return fails("cancelled in the midst of its work, it ends with %s: it should end as if nothing was, or be stopped", err), nil
	}
	return t.unharmed(ctx, "after a job that was cancelled")
}

// cancel ends the sample when it has taken half of its time, or when it first
// says something, and reports an end that is neither a result nor the host's.
func (t *trial) cancel(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	stop := func() { cancel(abi.Errorf(abi.CodeCancelled, "the job was cancelled")) }
	timer := time.AfterFunc(time.Duration(t.sample.report.Usage.WallUS/2)*time.Microsecond, stop)
	defer timer.Stop()
	defer stop()
	_, _, err := t.module.Execute(ctx, &t.class.Class, encoded(t.envelope(t.sample.payload)), atFirstWord(stop))
	e := (*abi.Error)(nil)
	if err == nil || errors.As(err, &e) && e.Code == abi.CodeCancelled {
		return nil
	}
	return err
}

// atFirstWord is a sink that does something whenever it hears something.
type atFirstWord func()

func (f atFirstWord) Log(abi.Level, string) { f() }

func (f atFirstWord) Progress(int, string) { f() }

// unharmed runs the sample once more, and compares.
func (t *trial) unharmed(ctx context.Context, when string) (finding, error) {
	first, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	report, err := t.run(ctx, t.module, t.class, t.sample.payload)
	if err != nil {
		return finding{}, err
	}
	if faults(report.Error) {
		return blame(when+", the example", report.Error), nil
	}
	was, _ := steady(first)
	if at, differs := difference(was, leaves(report)); differs {
		return fails("%s, %s of the example is %s, and was %s", when, at, leaves(report)[at], was[at]), nil
	}
	return passes(""), nil
}
