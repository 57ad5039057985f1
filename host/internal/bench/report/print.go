package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// Print writes the report for a person: conditions, figures, verdicts.
func (r *Report) Print(out io.Writer) error {
	fmt.Fprintf(out, "%s\n", r.Title)
	for _, note := range r.Notes {
		fmt.Fprintf(out, "  %s\n", note)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\n\tmedian\tlowest … highest\tunit\t× the first\n")
	for _, row := range r.Rows {
		fmt.Fprintf(table, "%s\t%s\t%s … %s\t%s\t%s\n", row.Name, figure(row.Median), figure(row.Low), figure(row.High), row.Unit, r.ratio(row))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, v := range r.Verdicts {
		fmt.Fprintln(out, v)
	}
	_, err := fmt.Fprintln(out)
	return err
}

// ratio of a row to the first of its unit, repetition by repetition; nothing for
// the first itself and for what has no second.
func (r *Report) ratio(row Row) string {
	for _, first := range r.Rows {
		if first.Unit != row.Unit {
			continue
		}
		if first.Name == row.Name || len(first.Values) != len(row.Values) {
			return ""
		}
		if ratio := SpreadOf(Ratios(row.Values, first.Values)).Median; !math.IsNaN(ratio) && !math.IsInf(ratio, 0) {
			return figure(ratio)
		}
		return ""
	}
	return ""
}

// String is a verdict on one line.
func (v Verdict) String() string {
	word := "FAIL"
	if v.Pass {
		word = "PASS"
	}
	unit := ""
	if v.Unit != "" {
		unit = " " + v.Unit
	}
	return fmt.Sprintf("%s  %s: %s%s (%s … %s), %s %s", word, v.What, figure(v.Median), unit, figure(v.Low), figure(v.High), v.Sense, figure(v.Bound))
}

// figure is a number with three digits that count, or all of those before the point.
func figure(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1000:
		return thousands(fmt.Sprintf("%.0f", v))
	case size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	case size == 0:
		return "0"
	case size < 0.01:
		return fmt.Sprintf("%.2g", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}
