package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/registry"
)

const (
	cleanRuns = 20
	reuseRuns = 5
)

// onClean is the sample, run many times on clean instances.
func (t *trial) onClean(ctx context.Context) (_ []author.Report, err error) {
	if t.series == nil {
		class := t.class
		class.Isolation = registry.IsolationJob
		t.series, err = t.times(ctx, cleanRuns, t.module, class)
	}
	return t.series, err
}

func checkClean(ctx context.Context, t *trial) (finding, error) {
	reports, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	for i, r := range reports {
		if faults(r.Error) {
			return blame(fmt.Sprintf("the example again, job %d", i+1), r.Error), nil
		}
	}
	_, varying := steady(reports)
	switch {
	case len(varying) == 0:
		return passes("%d jobs, one answer", len(reports)), nil
	case t.hasChance():
		return passes("%s differs from job to job, as the time or chance do", shorten(varying)), nil
	}
	return fails("%s differs from job to job, and it has neither a clock nor chance to differ by: %s, then %s. Look for memory that is read before it is written",
		shorten(varying), leaves(reports[0])[varying[0]], otherValue(reports, varying[0])), nil
}

func otherValue(reports []author.Report, at string) string {
	first := leaves(reports[0])[at]
	for _, r := range reports {
		if value := leaves(r)[at]; value != first {
			return value
		}
	}
	return ""
}

func shorten(pointers []string) string {
	if len(pointers) > 3 {
		return strings.Join(pointers[:3], ", ") + fmt.Sprintf(" and %d more", len(pointers)-3)
	}
	return strings.Join(pointers, ", ")
}

// hasChance says whether it can ask the host for the time or for randomness.
func (t *trial) hasChance() bool {
	return slices.ContainsFunc(t.info.Imports, func(name string) bool {
		return strings.HasSuffix(name, ".clock_time_get") || strings.HasSuffix(name, ".random_get") || strings.HasSuffix(name, ".http")
	}) || slices.Contains(t.info.Exports, abi.ExportReseed)
}

func checkFuel(ctx context.Context, t *trial) (finding, error) {
	reports, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	least, most := reports[0].Usage.Fuel, reports[0].Usage.Fuel
	for _, r := range reports {
		least, most = min(least, r.Usage.Fuel), max(most, r.Usage.Fuel)
	}
	switch {
	case least == most:
		return passes("%d in each of %d jobs", least, len(reports)), nil
	case most-least > least/10:
		return warns("the same input took from %d to %d: a limit of fuel must leave room for the worst. What it does should not hang on the time or on chance", least, most), nil
	}
	return passes("from %d to %d: the time or chance have a part in it", least, most), nil
}

// checkAgain admits the module a second time.
func checkAgain(ctx context.Context, t *trial) (finding, error) {
	first, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	again, err := t.elsewhere(ctx, t.binary, 2)
	if err != nil {
		return finding{}, err
	}
	was, varying := steady(first)
	now, _ := steady(again)
	if at, differs := difference(was, now); differs {
		return fails("%s was %s, and admitted again it is %s: its initialisation must do the same every time", at, was[at], now[at]), nil
	}
	if steadyFuel := first[0].Usage.Fuel; len(varying) == 0 && first[1].Usage.Fuel == steadyFuel && again[0].Usage.Fuel != steadyFuel {
		return fails("a job took %d fuel, and admitted again it takes %d: its initialisation must do the same every time", steadyFuel, again[0].Usage.Fuel), nil
	}
	return passes(""), nil
}

// elsewhere runs the sample n times on a module that is admitted for it alone.
func (t *trial) elsewhere(ctx context.Context, binary []byte, n int) ([]author.Report, error) {
	m, err := t.workshop.Load(ctx, binary)
	if err != nil {
		return nil, fmt.Errorf("admit the module again: %w", err)
	}
	defer m.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it ran well, and is not needed any more
	class := t.class
	class.Isolation = registry.IsolationJob
	return t.times(ctx, n, m, class)
}

// checkRandom finds randomness that was drawn while the module was prepared.
// It follows from the digest then: what differs between two digests, and not
// between the jobs of one, was drawn once for all jobs.
func checkRandom(ctx context.Context, t *trial) (finding, error) {
	if !slices.ContainsFunc(t.info.Imports, func(name string) bool { return strings.HasSuffix(name, ".random_get") }) {
		return skips("it draws none"), nil
	}
	if t.module.Cold() != "" {
		return passes("every job starts it anew, and so does its chance"), nil
	}
	first, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	other, err := t.elsewhere(ctx, withSection(t.binary), reuseRuns)
	if err != nil {
		return finding{}, err
	}
	was, _ := steady(first)
	now, _ := steady(other)
	if at, differs := difference(was, now); differs {
		return fails("%s is %.100s in every job, and would be %.100s in every job of another build: it was drawn by chance when the module started, before its state was kept. Draw it in the handler%s",
			at, was[at], now[at], t.reseedAdvice()), nil
	}
	return passes(""), nil
}

func (t *trial) reseedAdvice() string {
	if slices.Contains(t.info.Exports, abi.ExportReseed) {
		return ""
	}
	return ", or export " + abi.ExportReseed + " and seed the generator there"
}

// The date at which every module is prepared, as it would be written.
const (
	frozenDate   = "2022-01-01T00:"
	frozenSecond = "16409952" // the first 100 seconds of that year, in seconds of Unix time and what is finer
)

func checkClock(ctx context.Context, t *trial) (finding, error) {
	if t.module.Cold() != "" {
		return passes("every job starts it anew"), nil
	}
	reports, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	for at, value := range leaves(reports[0]) {
		digits := strings.Trim(value, `"`)
		if strings.Contains(value, frozenDate) || strings.HasPrefix(digits, frozenSecond) && len(digits) >= 10 {
			return warns("%s is %s: the date at which every module is prepared, kept from its start. Look at the clock in the handler", at, value), nil
		}
	}
	return passes(""), nil
}

func checkReuse(ctx context.Context, t *trial) (finding, error) {
	if t.info.Contract == wasm.ContractCommand {
		return skips("a program of the command contract runs once"), nil
	}
	first, err := t.onClean(ctx)
	if err != nil {
		return finding{}, err
	}
	class := t.class
	class.Isolation = registry.IsolationReuse
	reused, err := t.times(ctx, reuseRuns, t.module, class)
	if err != nil {
		return finding{}, err
	}
	was, _ := steady(first)
	for i, r := range reused {
		if faults(r.Error) {
			f := blame(fmt.Sprintf("job %d on one instance", i+1), r.Error)
			f.verdict = Warn
			f.reason += ". Keep isolation = job for its class"
			return f, nil
		}
		if at, differs := difference(was, leaves(r)); differs {
			return warns("it keeps state: %s is %.100s in a clean instance, and %.100s in job %d of one that is used again. Keep isolation = job for its class, or keep nothing",
				at, was[at], leaves(r)[at], i+1), nil
		}
	}
	return passes(""), nil
}
