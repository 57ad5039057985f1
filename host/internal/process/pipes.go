//go:build linux

package process

import (
	"errors"
	"os"
)

// pipes lead to a child and back. The first of each pair is for reading.
type pipes struct{ spec, report, out, err [2]*os.File }

func newPipes() (*pipes, error) {
	p := &pipes{}
	var failed error
	for _, pair := range p.all() {
		r, w, err := os.Pipe()
		pair[0], pair[1], failed = r, w, errors.Join(failed, err)
	}
	if failed != nil {
		p.close()
	}
	return p, failed
}

func (p *pipes) all() []*[2]*os.File { return []*[2]*os.File{&p.spec, &p.report, &p.out, &p.err} }

// forked closes the child's ends.
func (p *pipes) forked() {
	for _, f := range []*os.File{p.spec[0], p.report[1], p.out[1], p.err[1]} {
		f.Close() //nolint:errcheck // the child has them
	}
}

func (p *pipes) close() {
	for _, pair := range p.all() {
		for _, f := range pair {
			if f != nil {
				f.Close() //nolint:errcheck // of no use any more
			}
		}
	}
}
