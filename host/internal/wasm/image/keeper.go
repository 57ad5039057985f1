package image

import (
	"errors"
	"fmt"
)

// Keeper takes images and has them restored in one way. It is safe for
// concurrent use.
type Keeper struct {
	report Report
	method method
}

// method is a way at work in this process.
type method interface {
	// take keeps a copy of memory.
	take(memory []byte) (*backing, error)
	// keep makes memory show what b holds, whatever it held before.
	keep(memory []byte, b *backing) (restorer, error)
	close() error
}

// restorer undoes every write to one region since keep.
type restorer interface {
	restore() error
}

// candidate is a way that may work here.
type candidate struct {
	way  Way
	open func() (method, error)
}

// Open returns a keeper that restores in the way wanted, which must work here,
// or in the fastest that works when none is named.
func Open(want Way) (*Keeper, error) {
	if _, err := ParseWay(string(want)); err != nil {
		return nil, err
	}
	var report Report
	for _, c := range candidates() {
		if want != "" && want != c.way {
			continue
		}
		k, err := c.keeper()
		if err == nil {
			report.Way = c.way
			k.report = report
			return k, nil
		}
		report.Refused = append(report.Refused, Refusal{c.way, err})
	}
	return nil, refused(want, report)
}

func refused(want Way, report Report) error {
	if want != "" && len(report.Refused) == 0 {
		return fmt.Errorf("the way %q to restore a sandbox does not exist on this platform: name none, and the fastest that works is used", want)
	}
	errs := []error{errors.New("no way to restore a sandbox works here")}
	for _, r := range report.Refused {
		errs = append(errs, fmt.Errorf("%s: %w", r.Way, r.Why))
	}
	return errors.Join(errs...)
}

func (c candidate) keeper() (*Keeper, error) {
	m, err := c.open()
	if err != nil {
		return nil, err
	}
	k := &Keeper{method: m}
	if err := k.try(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// Report says which way the keeper uses, and why no faster one.
func (k *Keeper) Report() Report { return k.report }

// Close gives back what the keeper holds. All its regions must be closed.
func (k *Keeper) Close() error { return k.method.close() }

// Probe says which way works best here, by trying. An empty Way means none.
func Probe() Report {
	k, err := Open("")
	if err != nil {
		return Report{Refused: []Refusal{{Copy, err}}}
	}
	report := k.Report()
	if err := k.Close(); err != nil {
		return Report{Refused: []Refusal{{report.Way, err}}}
	}
	return report
}
