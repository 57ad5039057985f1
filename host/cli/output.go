package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// printJSON prints v for scripts.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// table prints rows under a header, aligned.
func (a *app) table(header []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

// fields prints names and values; a row with an empty value is left out.
func (a *app) fields(rows [][2]string) error { return writeFields(a.out, "", rows) }

func writeFields(out io.Writer, indent string, rows [][2]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(w, "%s%s\t%s\n", indent, row[0], row[1])
		}
	}
	return w.Flush()
}

// when is a moment in the reader's time zone.
func when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.RFC3339)
}

// ago is how long a moment is past, to one unit.
func ago(t time.Time) string { return span(time.Since(t)) + " ago" }

// span is a duration as short as a table wants it.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0ms"
	case d > 0 && d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}

// size is a number of bytes for a person.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// oneLine makes a text fit for a cell of a table.
func oneLine(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// text is the string that p points to, or nothing.
func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// compact is JSON on one line; nothing for null.
func compact(data json.RawMessage) string {
	if s := strings.TrimSpace(string(data)); s != "null" {
		return s
	}
	return ""
}

// failure is the message of an error as jobs and attempts keep it, with its code.
func failure(data json.RawMessage) string {
	var e struct{ Code, Message string }
	if json.Unmarshal(data, &e) != nil || e.Code == "" {
		return compact(data)
	}
	return e.Code + ": " + e.Message
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
