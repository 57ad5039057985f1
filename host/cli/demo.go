package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// demo is the first work of `lessee up`: the project's own pages, rendered, and
// then one job of class dot that sums them up.
type demo struct {
	app     *app
	desk    *postgres.Desk
	jobs    []demoJob
	summed  bool // the dot job is enqueued
	header  bool
	printed map[int64]bool
	failed  int
}

type demoJob struct {
	id   int64
	name string // the file, or what it does
	key  string
}

// enqueue enqueues the pages, on a database of our own or one that has no job
// yet. The key holds the digest of the page, so that a page is rendered again
// only when it changed.
func (d *demo) enqueue(ctx context.Context, ours bool) error {
	d.printed = map[int64]bool{}
	if fresh, err := d.desk.Fresh(ctx); err != nil || !fresh && !ours {
		return err
	}
	class, err := d.desk.Class(ctx, "render")
	if err != nil || !class.Enabled {
		if postgres.KindOf(err) == postgres.KindNotFound {
			err = nil // there was no module to register
		}
		return err
	}
	for _, path := range d.app.pages() {
		if err := d.enqueuePage(ctx, path); err != nil {
			return fmt.Errorf("enqueue %s: %w", path, err)
		}
	}
	return nil
}

// pages are the shipped files to render, README.md first.
func (a *app) pages() []string {
	readme, _ := fs.Glob(a.shipped, "README.md") // the only error is a bad pattern
	docs, _ := fs.Glob(a.shipped, "docs/*.md")
	return append(readme, docs...)
}

func (d *demo) enqueuePage(ctx context.Context, path string) error {
	source, err := fs.ReadFile(d.app.shipped, path)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(map[string]string{"format": "markdown", "source": string(source)})
	if err != nil {
		return err
	}
	return d.add(ctx, "render", path, payload, digest(source))
}

func (d *demo) add(ctx context.Context, class, name string, payload []byte, content string) error {
	key := "demo:" + name + ":" + content
	id, err := d.desk.Enqueue(ctx, postgres.NewJob{Class: class, Payload: payload, Key: key})
	if err != nil {
		return err
	}
	d.jobs = append(d.jobs, demoJob{id: id, name: name, key: key})
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// look prints the jobs that ended since the last look, and follows the pages
// with the summary. It reports whether all of it has ended.
func (d *demo) look(ctx context.Context) (finished bool, err error) {
	ids := make([]int64, len(d.jobs))
	for i, j := range d.jobs {
		ids[i] = j.id
	}
	if len(ids) == len(d.printed) {
		return d.summarise(ctx)
	}
	standing, err := d.desk.Progress(ctx, ids)
	if err != nil {
		return false, err
	}
	for _, p := range standing {
		if job.State(p.State).Final() && !d.printed[p.ID] {
			d.print(p)
		}
	}
	if len(ids) > len(d.printed) {
		return false, nil
	}
	return d.summarise(ctx)
}

// summarise enqueues the dot job when the pages have ended, once.
func (d *demo) summarise(ctx context.Context) (finished bool, err error) {
	if d.summed || len(d.jobs) == 0 {
		return true, nil
	}
	d.summed = true
	class, err := d.desk.Class(ctx, "dot")
	if err != nil || !class.Enabled {
		return true, err
	}
	keys := ""
	for _, j := range d.jobs {
		keys += fmt.Sprintln(j.id, j.key)
	}
	return false, d.add(ctx, "dot", "summary of class render", []byte(`{"class": "render"}`), digest([]byte(keys)))
}

func (d *demo) print(p postgres.Progress) {
	const row = "%6s  %-*s  %-13s  %7s  %8s  %8s  %9s\n"
	width := len("summary of class render")
	for _, j := range d.jobs {
		width = max(width, len(j.name))
	}
	if !d.header {
		fmt.Fprintf(d.app.out, row, "JOB", width, "FILE", "STATE", "ATTEMPT", "QUEUED", "RAN", "MEMORY")
		d.header = true
	}
	fmt.Fprintf(d.app.out, row, fmt.Sprint(p.ID), width, d.name(p.ID), p.State, fmt.Sprint(p.Attempt),
		optionalSpan(p.QueuedMS, time.Millisecond), optionalSpan(p.RanUS, time.Microsecond), optionalSize(p.MemoryBytes))
	if p.State != string(job.Succeeded) {
		d.failed++
		fmt.Fprintf(d.app.out, "        %s\n", oneLine(text(p.Error), 200))
	}
	d.printed[p.ID] = true
	if len(d.printed) == len(d.jobs) && d.summed {
		fmt.Fprintf(d.app.out, "see a page: %s job show %d --output > %s.html\n", d.app.program(), d.jobs[0].id, strings.ToLower(strings.TrimSuffix(d.jobs[0].name, ".md")))
	}
}

func (d *demo) name(id int64) string {
	for _, j := range d.jobs {
		if j.id == id {
			return j.name
		}
	}
	return ""
}

func optionalSpan(n *int64, unit time.Duration) string {
	if n == nil {
		return "-"
	}
	return span(time.Duration(*n) * unit)
}

func optionalSize(n *int64) string {
	if n == nil {
		return "-"
	}
	return size(*n)
}

// stuck reports whether the jobs that have not ended can't end by themselves:
// their class is broken or switched off, or nothing is claimed. Those that wait
// for another attempt will end.
func (d *demo) stuck(ctx context.Context) (bool, error) {
	standing, err := d.desk.Progress(ctx, d.waiting())
	for _, p := range standing {
		if state := job.State(p.State); state.Final() || state == job.RetryWait {
			return false, err
		}
	}
	return true, err
}

func (d *demo) waiting() []int64 {
	var ids []int64
	for _, j := range d.jobs {
		if !d.printed[j.id] {
			ids = append(ids, j.id)
		}
	}
	return ids
}

// verdict is the outcome of --once.
func (d *demo) verdict() error {
	waiting := d.waiting()
	switch {
	case len(waiting) > 0:
		return fmt.Errorf("job %d and %d more can't run\n  lessee doctor tells why, lessee class list shows the classes", waiting[0], len(waiting)-1)
	case d.failed > 0:
		return fmt.Errorf("%d of the demo's jobs did not succeed", d.failed)
	}
	return nil
}
