package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"
)

// graphileBurn runs two processes of Graphile Worker, which deletes what it did.
func graphileBurn(ctx context.Context, l *lab, dsn string) (float64, error) {
	if err := l.script(ctx, dsn, "prepare.mjs", "graphile").Run(); err != nil {
		return 0, err
	}
	fill := fmt.Sprintf("select graphile_worker.add_jobs(array(select ('noop', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec from generate_series(1, %d) n))", l.jobs)
	if err := l.exec(ctx, dsn, fill, "vacuum (analyze)"); err != nil {
		return 0, err
	}
	return l.drain(ctx, dsn, "select (select count(*) from graphile_worker._private_jobs)", 2, "graphile.mjs")
}

// pgbossBurn runs pg-boss, which marks what it did as completed.
func pgbossBurn(ctx context.Context, l *lab, dsn string) (float64, error) {
	if err := l.script(ctx, dsn, "prepare.mjs", "pgboss", strconv.Itoa(l.jobs)).Run(); err != nil {
		return 0, err
	}
	if err := l.exec(ctx, dsn, "vacuum (analyze)"); err != nil {
		return 0, err
	}
	return l.drain(ctx, dsn, fmt.Sprintf("select %d - count(*) from pgboss.job where name = 'noop' and state = 'completed'", l.jobs), 1, "pgboss.mjs")
}

func (l *lab) script(ctx context.Context, dsn, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, l.node, append([]string{name}, args...)...)
	cmd.Dir, cmd.Stderr = "node", os.Stderr
	cmd.Env = append(os.Environ(), "DSN="+dsn, "NO_LOG_SUCCESS=1")
	return cmd
}

// worker is a process of a script. It says that it is ready before it connects,
// because starting Node is not the queue's fault, and then how many jobs it has done.
type worker struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ready chan struct{}
	done  atomic.Int64
}

func startWorker(cmd *exec.Cmd) (*worker, error) {
	w := &worker{cmd: cmd, ready: make(chan struct{})}
	var err error
	if w.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		lines := bufio.NewScanner(stdout)
		for first := true; lines.Scan(); first = false {
			if first {
				close(w.ready)
			} else if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				w.done.Store(n)
			}
		}
	}()
	return w, nil
}

// end ends the process with its input.
func (w *worker) end() {
	w.stdin.Close()
	w.cmd.Wait() //nolint:errcheck // its jobs are verified
}

// drain runs processes of a script until all jobs are done, and then until the
// query says so. It asks only then, so that counting costs the run nothing.
func (l *lab) drain(ctx context.Context, dsn, left string, processes int, script string) (float64, error) {
	var workers []*worker
	for range processes {
		w, err := startWorker(l.script(ctx, dsn, script, "best"))
		if err != nil {
			return 0, err
		}
		defer w.end()
		workers = append(workers, w)
	}
	select {
	case <-workers[0].ready:
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("%s did not start within a minute", script)
	}
	began := time.Now()
	for time.Since(began) < 5*time.Minute {
		time.Sleep(2 * time.Millisecond)
		done := int64(0)
		for _, w := range workers {
			done += w.done.Load()
		}
		if done < int64(l.jobs) {
			continue
		}
		n, err := count(ctx, dsn, left)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return float64(l.jobs) / time.Since(began).Seconds(), nil
		}
	}
	return 0, fmt.Errorf("jobs were left after five minutes")
}
