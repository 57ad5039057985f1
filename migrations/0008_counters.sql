-- +goose Up

-- Counters: what job_count_delta says, added up by fn_count_fold, so that nobody
-- ever counts jobs. All of it is read from the right end of an index, past
-- which dead rows are not walked: a held snapshot costs a reader nothing.

-- A delta knows its transaction, so that a fold can tell where to begin; a
-- moment would not do, because who is earlier by the clock may commit later.
alter table lessee.job_count_delta add column xid xid8 not null default pg_current_xact_id();
create index job_count_delta_xid on lessee.job_count_delta (xid);

-- How many jobs have ever gone from a state to another by a word. A fold writes
-- the totals of a class anew if they changed; those of its newest fold count.
create table lessee.job_count (
  class      text not null,
  fold       bigint not null,
  word       text not null,
  from_state text,
  to_state   text not null,
  jobs       bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
create index job_count_newest on lessee.job_count (class, fold);

-- The same by minute, kept for some hours; see fn_count_fold.
create table lessee.job_count_minute (
  minute timestamptz not null,
  class  text not null,
  word   text not null,
  jobs   bigint not null,
  primary key (minute, class, word)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- What the last fold left to know. One row, the newest.
create table lessee.job_count_fold (
  fold    bigint primary key,
  at      timestamptz not null, -- when its transaction began,
  xid     xid8 not null,        -- and then got this id
  front   xid8 not null,        -- of transactions before this one no delta is left
  horizon timestamptz not null, -- whatever turns up became ready after this moment
  fronts  jsonb not null        -- [{class, priority, run_at, id}]: of these lanes nothing is ready up to there; see fn_queue_oldest
);

-- Dead letters from before there were deltas.
insert into lessee.job_count_delta (class, word, to_state, jobs)
  select s.class, 'recount', 'dead_lettered', sum(s.jobs)
  from (select d.class, 1 as jobs from lessee.job_dead_letter d where d.replayed_at is null
        union all
        select d.class, -d.jobs from lessee.job_count_delta d where d.to_state = 'dead_lettered'
        union all
        select d.class, d.jobs from lessee.job_count_delta d where d.from_state = 'dead_lettered') s
  group by s.class having sum(s.jobs) <> 0;

-- Deltas that no fold has taken. Any that are there have not been taken: the
-- front only says where to look, and means nothing in a cluster that was
-- restored and counts transactions from lower ids. The upper bound tells the
-- planner that they are few.
create view lessee.job_count_recent as
  select d.class, d.word, d.from_state, d.to_state, d.jobs, d.at
  from lessee.job_count_delta d
  where d.xid >= coalesce((select case when f.front <= pg_snapshot_xmax(pg_current_snapshot()) then f.front end
                           from lessee.job_count_fold f order by f.fold desc limit 1), '0')
    and d.xid <= '18446744073709551615';

-- All that was ever counted, in parts.
create view lessee.job_count_now as
  select t.class, t.word, t.from_state, t.to_state, t.jobs
  from lessee.executor_class_registry c
  cross join lateral (select max(n.fold) as fold from lessee.job_count n where n.class = c.class) n
  cross join lateral (select * from lessee.job_count t where t.class = c.class and t.fold = n.fold offset 0) t
  union all
  select r.class, r.word, r.from_state, r.to_state, r.jobs from lessee.job_count_recent r;

-- How many jobs of a class are in a state; of the final ones but dead_lettered:
-- ever ended in it. leased stands for running, too.
create view lessee.class_count as
  select n.class, s.state, sum(s.jobs)::bigint as jobs
  from lessee.job_count_now n
  cross join lateral (values (n.to_state, n.jobs), (n.from_state, -n.jobs)) s(state, jobs)
  where s.state is not null
  group by n.class, s.state
  having sum(s.jobs) <> 0;

-- Jobs a second over the last 1, 10 and 60 minutes and the one under way;
-- failure_rate is what share of the attempts that ended did so badly.
create view lessee.class_rate as
  select c.class, w.minutes,
         coalesce(sum(c.jobs) filter (where c.word = 'enqueue'), 0) / s.seconds as enqueued,
         coalesce(sum(c.jobs) filter (where c.word = 'succeed'), 0) / s.seconds as done,
         coalesce(sum(c.jobs) filter (where c.word <> all ('{enqueue,succeed}')), 0) / s.seconds as failed,
         coalesce(sum(c.jobs) filter (where c.word <> all ('{enqueue,succeed}')), 0) / nullif(sum(c.jobs) filter (where c.word <> 'enqueue'), 0) as failure_rate
  from (values (1), (10), (60)) w(minutes)
  cross join lateral (select date_bin('1 minute', statement_timestamp(), 'epoch') - w.minutes * interval '1 minute' as since) b
  cross join lateral (select extract(epoch from statement_timestamp() - b.since) as seconds) s
  cross join lateral (
    select m.class, m.word, m.jobs from lessee.job_count_minute m where m.minute >= b.since and m.minute < 'infinity'
    union all
    select r.class, r.word, r.jobs from lessee.job_count_recent r where r.at >= b.since
  ) c
  where c.word = any ('{enqueue,succeed,retry,dead_letter,rescue}')
  group by c.class, w.minutes, s.seconds;

grant select on all tables in schema lessee to lessee_operator, lessee_reader;

-- +goose Down
drop view lessee.class_rate;
drop view lessee.class_count;
drop view lessee.job_count_now;
drop view lessee.job_count_recent;
-- Deltas alone say it all again.
insert into lessee.job_count_delta (class, word, from_state, to_state, jobs)
  select t.class, t.word, t.from_state, t.to_state, t.jobs
  from lessee.job_count t
  where t.fold = (select max(n.fold) from lessee.job_count n where n.class = t.class);
drop table lessee.job_count_fold;
drop table lessee.job_count_minute;
drop table lessee.job_count;
drop index lessee.job_count_delta_xid;
alter table lessee.job_count_delta drop column xid;
