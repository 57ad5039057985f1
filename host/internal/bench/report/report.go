// Package report says what a measurement found: figures with their median and
// spread, ratios of figures of one run, and verdicts on bounds. A figure is
// never without its spread, and a bound never without the ratio that it is of.
//
// It needs the standard library alone, because the other queues' module uses it too.
package report

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// Report is what one measurement found.
type Report struct {
	Title    string    `json:"title"`
	Notes    []string  `json:"notes"`    // conditions, and what the figures are of
	Rows     []Row     `json:"rows"`     // the first of a unit is what the others of it are held against
	Verdicts []Verdict `json:"verdicts"` // on the bounds
}

// Row is a figure: one value per repetition.
type Row struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"`
	Spread
}

// Spread of some values.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Verdict is what became of a bound.
type Verdict struct {
	What string `json:"what"`
	Spread
	Sense string  `json:"sense"` // AtLeast or AtMost
	Bound float64 `json:"bound"`
	Unit  string  `json:"unit,omitempty"` // of a figure that is no ratio
	Pass  bool    `json:"pass"`           // the median keeps the bound
}

// Senses of a bound.
const (
	AtLeast = "at least"
	AtMost  = "at most"
)

// New returns a report that has found nothing yet.
func New(title string) *Report {
	return &Report{Title: title, Notes: []string{}, Rows: []Row{}, Verdicts: []Verdict{}}
}

// Add adds a figure. One without values was not measured, and is left out.
func (r *Report) Add(name, unit string, values ...float64) {
	if len(values) > 0 {
		r.Rows = append(r.Rows, Row{Name: name, Unit: unit, Values: values, Spread: SpreadOf(values)})
	}
}

// Note adds a line about the conditions.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// AtLeast judges a ratio, of which there is one value per repetition.
func (r *Report) AtLeast(bound float64, what string, values ...float64) {
	r.judge(Verdict{What: what, Sense: AtLeast, Bound: bound}, values)
}

// AtMost judges a ratio that must not be greater than the bound.
func (r *Report) AtMost(bound float64, what string, values ...float64) {
	r.judge(Verdict{What: what, Sense: AtMost, Bound: bound}, values)
}

// AtMostOf judges a figure in a unit.
func (r *Report) AtMostOf(bound float64, unit, what string, values ...float64) {
	r.judge(Verdict{What: what, Sense: AtMost, Bound: bound, Unit: unit}, values)
}

func (r *Report) judge(v Verdict, values []float64) {
	if len(values) == 0 {
		return
	}
	v.Spread = SpreadOf(values)
	v.Pass = v.Sense == AtLeast && v.Median >= v.Bound || v.Sense == AtMost && v.Median <= v.Bound
	r.Verdicts = append(r.Verdicts, v)
}

// Failed is how many bounds were not kept, and of how many.
func (r *Report) Failed() (failed, all int) {
	for _, v := range r.Verdicts {
		if !v.Pass {
			failed++
		}
	}
	return failed, len(r.Verdicts)
}

// SpreadOf returns the spread of values, of which there is at least one.
func SpreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return Spread{Median: middle, Low: sorted[0], High: sorted[len(sorted)-1]}
}

// Ratios divides repetition by repetition, because what else the machine does
// changes from one to the next.
func Ratios(of, by []float64) []float64 {
	out := make([]float64, min(len(of), len(by)))
	for i := range out {
		out[i] = of[i] / by[i]
	}
	return out
}

// Percentile of values that are sorted; 0 of none.
func Percentile(sorted []float64, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

// Machine describes what the measurement runs on, and what else it does now.
func Machine() string {
	load := "unknown"
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Join(strings.Fields(string(data))[:3], " ")
	}
	return fmt.Sprintf("%d CPUs, load average %s before, %s/%s, %s", runtime.NumCPU(), load, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
