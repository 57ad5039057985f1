//go:build linux

package process

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/registry"
)

// pool are the processes of one class on one module.
type pool struct {
	engine  *Engine
	order   order
	size    int
	changed func() // readiness is another
	work    sync.WaitGroup
	users   sync.WaitGroup // attempts that have it

	mu      sync.Mutex
	idle    []*process // the one that was used last is last
	all     map[*process]bool
	coming  int           // starts under way
	waiting int           // attempts that want a process
	news    chan struct{} // closed when something changed
	circuit circuit
	holds   containment // of the last process that started
	healthy bool        // some process started, and none has failed to since
	retired bool        // keep none that is idle
	closed  bool
}

func newPool(e *Engine, o order, size int, changed func()) *pool {
	p := &pool{engine: e, order: o, size: size, changed: changed, all: map[*process]bool{}, news: make(chan struct{})}
	p.work.Go(p.tend)
	return p
}

// acquire gives an idle process to an attempt, or waits for one.
func (p *pool) acquire(ctx context.Context) (*process, error) {
	for {
		p.mu.Lock()
		for len(p.idle) > 0 {
			got := p.idle[len(p.idle)-1]
			p.idle = p.idle[:len(p.idle)-1]
			if got.alive() {
				p.mu.Unlock()
				return got, nil
			}
		}
		if p.closed || p.circuit.open && p.coming == 0 {
			p.mu.Unlock()
			return nil, ErrUnavailable
		}
		p.grow()
		if err := p.await(ctx); err != nil {
			return nil, err
		}
	}
}

// await waits for news, on behalf of an attempt. p.mu is held, and given back.
func (p *pool) await(ctx context.Context) error {
	news := p.news
	p.waiting++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
	}()
	select {
	case <-news:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// grow starts a process if there may be one more. p.mu is held.
func (p *pool) grow() {
	if ok, _ := p.circuit.closed(time.Now()); !ok || p.closed || len(p.all)+p.coming >= p.size {
		return
	}
	p.coming++
	p.work.Go(p.start)
}

func (p *pool) start() {
	got, err := p.engine.start(p.engine.ctx, p.order)
	p.mu.Lock()
	p.coming--
	before := p.healthy
	switch {
	case err != nil && p.engine.ctx.Err() == nil:
		p.healthy = false
		p.circuit.died(time.Now(), err.Error())
		p.order.log.Warn("a plugin does not start", zap.Error(err))
	case err == nil:
		p.healthy, p.holds = true, got.child.contained
		p.circuit.lived()
		got.idleSince = time.Now()
		p.all[got] = true
		p.idle = append(p.idle, got)
		p.work.Go(func() { p.watch(got) })
	}
	after := p.healthy
	p.tell()
	p.mu.Unlock()
	if before != after || err != nil {
		p.changed()
	}
	if got != nil {
		p.trim()
	}
}

// tell wakes everybody who waits for news. p.mu is held.
func (p *pool) tell() {
	close(p.news)
	p.news = make(chan struct{})
}

// watch sees to what becomes of a process that ended.
func (p *pool) watch(got *process) {
	<-got.child.exited
	crashed := !got.leaving.Load()
	got.stop(0) // clears up
	p.mu.Lock()
	delete(p.all, got)
	p.idle = slices.DeleteFunc(p.idle, func(i *process) bool { return i == got })
	if crashed {
		reason := "it died of " + got.child.end() + got.lastWords()
		p.circuit.died(time.Now(), reason)
		p.order.log.Warn("a plugin died", zap.String("reason", reason))
	}
	p.tell()
	p.mu.Unlock()
	if crashed {
		p.changed()
	}
}

// release takes a process back after an attempt. worked says that it did a job
// to its end; fit that it can do another.
func (p *pool) release(got *process, fit, worked bool) {
	got.jobs++
	got.idleSince = time.Now()
	most := p.order.process.JobsPerProcess
	p.mu.Lock()
	if worked {
		p.circuit.worked()
	}
	keep := fit && got.alive() && !p.retired && !p.closed && (most == 0 || got.jobs < most)
	if keep {
		p.idle = append(p.idle, got)
	} else {
		delete(p.all, got) // the next one need not wait for its end
	}
	if !keep || p.waiting > 0 {
		p.tell()
	}
	p.mu.Unlock()
	if !keep {
		p.work.Go(func() { got.stop(p.order.process.StopTimeout()) })
	}
}

// tend keeps one process warm, looks after the idle ones, and stops those that
// nobody needs.
func (p *pool) tend() {
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return
		}
		if len(p.all)+p.coming == 0 && (!p.retired || p.waiting > 0) {
			p.grow()
		}
		news, wait := p.news, p.pause()
		p.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-news:
		case <-timer.C:
			p.examine()
		}
		timer.Stop()
		p.trim()
	}
}

// pause is how long there is nothing to do. p.mu is held.
func (p *pool) pause() time.Duration {
	wait := min(healthInterval, max(p.order.process.IdleTimeout()/4, 50*time.Millisecond))
	if ok, left := p.circuit.closed(time.Now()); !ok {
		wait = min(wait, left)
	}
	return max(wait, 10*time.Millisecond)
}

// trim stops processes that were idle for too long, but for one; all of them
// when the pool is retired, but for those that somebody waits for.
func (p *pool) trim() {
	p.mu.Lock()
	var spare []*process
	for len(p.idle) > 0 && (!p.retired || len(p.idle) > p.waiting) {
		oldest := p.idle[0]
		if !p.retired && (len(p.all) == 1 || time.Since(oldest.idleSince) < p.order.process.IdleTimeout()) {
			break
		}
		p.idle = p.idle[1:]
		delete(p.all, oldest)
		spare = append(spare, oldest)
	}
	p.mu.Unlock()
	for _, s := range spare {
		p.work.Go(func() { s.stop(p.order.process.StopTimeout()) })
	}
}

// examine asks idle processes for their health, each while nobody uses it.
func (p *pool) examine() {
	for range p.size {
		p.mu.Lock()
		i := slices.IndexFunc(p.idle, func(i *process) bool { return time.Since(i.checked) >= healthInterval })
		if i < 0 {
			p.mu.Unlock()
			return
		}
		got := p.idle[i]
		p.idle = slices.Delete(p.idle, i, i+1)
		p.mu.Unlock()
		err := got.check(p.engine.ctx)
		got.checked = time.Now()
		p.mu.Lock()
		if err == nil && got.alive() && !p.retired && !p.closed {
			p.idle = append([]*process{got}, p.idle...)
			p.tell()
			p.mu.Unlock()
			continue
		}
		if err != nil && got.alive() && p.engine.ctx.Err() == nil {
			p.circuit.died(time.Now(), err.Error()+got.lastWords())
		}
		p.mu.Unlock()
		p.work.Go(func() { got.stop(p.order.process.StopTimeout()) })
	}
}

// ready reports whether the class can take jobs, and if not why, else what
// holds of its containment.
func (p *pool) ready() (bool, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.circuit.open || !p.healthy {
		return false, p.circuit.String()
	}
	return true, p.holds.String()
}

// retire keeps the pool for those attempts that have it, and no process for
// later ones.
func (p *pool) retire() {
	p.mu.Lock()
	p.retired = true
	p.tell()
	p.mu.Unlock()
}

// drained waits for the last attempt that has the pool.
func (p *pool) drained() { p.users.Wait() }

// close stops every process, and returns when nothing of them is left.
func (p *pool) close() {
	p.mu.Lock()
	p.closed, p.retired = true, true
	all := make([]*process, 0, len(p.all))
	for got := range p.all {
		all = append(all, got)
	}
	p.tell()
	p.mu.Unlock()
	var stops sync.WaitGroup
	for _, got := range all {
		stops.Go(func() { got.stop(p.order.process.StopTimeout()) })
	}
	stops.Wait()
	p.work.Wait()
}

// sizeOf is how many processes a class may have at once.
func sizeOf(class registry.Class) int {
	if class.Process.Pool > 0 {
		return class.Process.Pool
	}
	return max(class.Concurrency, 1)
}
