package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// graphile runs two processes of Graphile Worker, which deletes what it did.
func graphile(ctx context.Context, b *bench, dsn string) (float64, error) {
	if err := b.script(ctx, dsn, "prepare.mjs", "graphile").Run(); err != nil {
		return 0, err
	}
	fill := fmt.Sprintf("select graphile_worker.add_jobs(array(select ('noop', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec from generate_series(1, %d) n))", b.jobs)
	if err := b.exec(ctx, dsn, fill, "analyze"); err != nil {
		return 0, err
	}
	return b.drain(ctx, dsn, "select count(*) from (select from graphile_worker._private_jobs limit 1) j", 2, "graphile.mjs", "best")
}

// pgboss runs pg-boss, which marks what it did as completed.
func pgboss(ctx context.Context, b *bench, dsn string) (float64, error) {
	if err := b.script(ctx, dsn, "prepare.mjs", "pgboss", strconv.Itoa(b.jobs)).Run(); err != nil {
		return 0, err
	}
	if err := b.exec(ctx, dsn, "analyze"); err != nil {
		return 0, err
	}
	speed, err := b.drain(ctx, dsn, "select count(*) from (select from pgboss.job where name = 'noop' and state < 'completed' limit 1) j", 1, "pgboss.mjs", "best")
	if err != nil {
		return 0, err
	}
	done, err := count(ctx, dsn, "select count(*) from pgboss.job where name = 'noop' and state = 'completed'")
	if err == nil && done != b.jobs {
		err = fmt.Errorf("%d of %d jobs are completed", done, b.jobs)
	}
	return speed, err
}

func (b *bench) script(ctx context.Context, dsn, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.node, append([]string{name}, args...)...)
	cmd.Dir, cmd.Stderr = "node", os.Stderr
	cmd.Env = append(os.Environ(), "DSN="+dsn, "NO_LOG_SUCCESS=1")
	return cmd
}

// drain runs processes of a script until the query says that nothing is left.
func (b *bench) drain(ctx context.Context, dsn, left string, processes int, script string, args ...string) (float64, error) {
	began := time.Now()
	for range processes {
		cmd := b.script(ctx, dsn, script, args...)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return 0, err
		}
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		defer func() { stdin.Close(); cmd.Wait() }()
	}
	first, last := time.Time{}, 0
	for time.Since(began) < 5*time.Minute {
		n, err := count(ctx, dsn, left)
		if err != nil {
			return 0, err
		}
		if first.IsZero() {
			if first, err = b.started(ctx, dsn); err != nil {
				return 0, err
			}
		}
		if last = n; n == 0 && !first.IsZero() {
			return float64(b.jobs) / time.Since(first).Seconds(), nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0, fmt.Errorf("jobs were left after five minutes (%d)", last)
}

// started is the moment at which a process is first seen at work: starting Node is not the queue's fault.
func (b *bench) started(ctx context.Context, dsn string) (time.Time, error) {
	n, err := count(ctx, dsn, "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'")
	if n == 0 {
		return time.Time{}, err
	}
	return time.Now(), err
}
