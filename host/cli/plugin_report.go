package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

func (a *app) printReport(r author.Report, class author.Class, asJSON bool) error {
	if asJSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else if err := a.printRun(r, class.Limits); err != nil {
		return err
	}
	if r.Failed() {
		return exitCode(ExitNotDone)
	}
	return nil
}

func (a *app) printRun(r author.Report, limits abi.Limits) error {
	rows := [][2]string{{"status", strings.TrimSpace(r.Status() + " " + r.Refused)}}
	if e := r.Error; e != nil {
		rows = append(rows, [2]string{"error", string(e.Code) + ": " + e.Message})
	}
	if result := r.Result; result != nil {
		rows = append(rows, [2]string{"output", compact(result.Output)})
		if result.RetryAfterMS > 0 {
			rows = append(rows, [2]string{"retry after", span(time.Duration(result.RetryAfterMS) * time.Millisecond)})
		}
		for _, e := range result.Events {
			rows = append(rows, [2]string{"event", strings.TrimSpace(e.Type + " " + compact(e.Payload))})
		}
		for _, f := range result.Enqueue {
			rows = append(rows, [2]string{"follow-up", strings.TrimSpace(f.Class + " " + compact(f.Payload))})
		}
		for _, c := range result.Commands {
			rows = append(rows, [2]string{"command", strings.TrimSpace(c.Name + " " + compact(c.Args))})
		}
	}
	if r.Usage != (abi.Usage{}) { // it ran
		rows = append(rows, usageRows(r.Usage, limits)...)
	}
	if err := a.fields(rows); err != nil {
		return err
	}
	return a.printSaid(r)
}

func usageRows(u abi.Usage, limits abi.Limits) [][2]string {
	var rows [][2]string
	if u.Fuel > 0 { // a native plugin has neither
		rows = append(rows, [2]string{"fuel", fmt.Sprintf("%d of %d", u.Fuel, limits.Fuel)},
			[2]string{"memory", size(u.MemoryBytes) + " of " + size(limits.MemoryBytes)})
	}
	rows = append(rows, [][2]string{
		{"time", span(time.Duration(u.WallUS)*time.Microsecond) + " of " + span(limits.Wall())},
		{"host calls", fmt.Sprint(u.HostCalls)},
	}...)
	if u.HTTPCalls > 0 {
		rows = append(rows, [2]string{"http", fmt.Sprintf("%d calls, %s", u.HTTPCalls, size(u.HTTPBytes))})
	}
	return rows
}

// printSaid prints what the guest said, and where it fell.
func (a *app) printSaid(r author.Report) error {
	for _, p := range r.Progress {
		fmt.Fprintf(a.out, "progress %d/1000 %s\n", p.Permille, p.Note)
	}
	var requests []struct {
		Method, URL string
		Status      int
		MS          int64
		Error       *abi.Error
	}
	_ = json.Unmarshal(r.Requests, &requests) // none, or what the engine's side has encoded
	for _, q := range requests {
		outcome := fmt.Sprint(q.Status)
		if q.Error != nil {
			outcome = q.Error.Error()
		}
		fmt.Fprintf(a.out, "HTTP  %s %s %s %dms\n", q.Method, q.URL, outcome, q.MS)
	}
	for _, line := range r.Log {
		fmt.Fprintf(a.out, "%-5s %s\n", strings.ToUpper(line.Level), line.Text)
	}
	if r.Error == nil {
		return nil
	}
	var detail struct{ Stack, Stderr string }
	_ = json.Unmarshal(r.Error.Detail, &detail) // an author's own detail has neither
	for _, text := range []string{detail.Stack, detail.Stderr} {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(a.out, "\n  %s\n", strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	return nil
}
