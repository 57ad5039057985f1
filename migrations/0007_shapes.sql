-- +goose Up

-- The shapes of the hot path, chosen by measuring (docs/rationale.md).

-- A claim changes no indexed column and leaves room on the page, so it is a
-- HOT update: the entry in the order of claim stays with the job from the
-- moment it becomes ready until it leaves the queue.
alter table lessee.job_queue
  add column in_line   boolean not null generated always as (state in ('ready', 'leased', 'running')) stored,
  add column due_later boolean not null generated always as (state in ('scheduled', 'retry_wait')) stored;
alter table lessee.job_queue set (fillfactor = 50, autovacuum_vacuum_threshold = 100000); -- a claim's dead version goes without a vacuum
drop index lessee.job_queue_ready;
drop index lessee.job_queue_due;
drop index lessee.job_queue_held;
create index job_queue_ready on lessee.job_queue (class, priority, run_at, id) where in_line;
create index job_queue_due   on lessee.job_queue (run_at) where due_later;

-- Which jobs a lease may hold, instead of an index that every claim would
-- write: a row per claim, taken together by the heartbeat into
-- queue_heartbeat.held. What is listed may have ended; what is held is listed.
create table lessee.job_grant (
  lease_id   bigint not null references lessee.dot_iu_runtime_lease,
  granted_at timestamptz not null,
  job_ids    bigint[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table lessee.job_grant alter job_ids set storage external; -- to compress a list costs more than to write it
create index job_grant_lease on lessee.job_grant (lease_id, granted_at);
alter table lessee.queue_heartbeat
  add column held      bigint[] not null default '{}',            -- jobs of grants before held_from
  add column held_from timestamptz not null default '-infinity';
insert into lessee.job_grant (lease_id, granted_at, job_ids)
  select q.lease_id, min(q.leased_at), array_agg(q.id) from lessee.job_queue q where q.lease_id is not null group by q.lease_id;

-- How grants and jobs ended, one row each. Append-only; by day, so that
-- retention drops tables and deletes no rows. A row with a lease_id is the end
-- of a grant, one with a state the end of a job; most are both.
create table lessee.job_history (
  job_id          bigint not null,
  fence           integer not null,
  ended_at        timestamptz not null,
  enqueued_at     timestamptz not null,
  class           text not null,
  word            text not null check (word in ('succeed', 'retry', 'dead_letter', 'park', 'release', 'rescue', 'cancel', 'expire', 'reject')),
  state           text check (state in ('succeeded', 'cancelled', 'expired', 'rejected')), -- null: the job went on, or is dead-lettered
  attempt         integer not null,
  max_attempts    integer not null,
  crash_count     integer not null,
  priority        smallint not null,
  lease_id        bigint,
  leased_at       timestamptz,
  module_sha256   text,
  span_id         text,
  idempotency_key text,
  output          jsonb,
  reason          text,
  error           jsonb,
  usage           jsonb,
  requests        jsonb, -- [{method, url, status, …}], HTTP that its executor asked for; null: none
  log_tail        text
) partition by range (ended_at);
create index job_history_job on lessee.job_history (job_id);
-- The rows lie in the order of ended_at, so a few pages tell where the recent ones are.
create index job_history_ended on lessee.job_history using brin (ended_at) with (pages_per_range = 32);
create table lessee.job_history_other partition of lessee.job_history default;

insert into lessee.job_history
  select a.job_id, a.fence, a.ended_at, coalesce(f.enqueued_at, q.enqueued_at, d.enqueued_at, a.leased_at), a.class, a.word, f.state,
         a.attempt, coalesce(f.max_attempts, q.max_attempts, d.max_attempts, a.attempt), coalesce(f.crash_count, q.crash_count, d.crash_count, 0),
         coalesce(f.priority, q.priority, d.priority, 100), a.lease_id, a.leased_at, a.module_sha256, a.span_id,
         coalesce(f.idempotency_key, q.idempotency_key, d.idempotency_key), f.output, f.reason, a.error, a.usage, a.requests, a.log_tail
  from lessee.job_attempt a
  left join lessee.job_final f on f.job_id = a.job_id and f.fence = a.fence and a.word in ('succeed', 'cancel')
  left join lessee.job_queue q on q.id = a.job_id
  left join lateral (select * from lessee.job_dead_letter l where l.job_id = a.job_id order by l.dead_letter_id desc limit 1) d on true;
insert into lessee.job_history
  select f.job_id, f.fence, f.finished_at, f.enqueued_at, f.class, case f.state when 'expired' then 'expire' when 'rejected' then 'reject' else 'cancel' end, f.state,
         f.attempt, f.max_attempts, f.crash_count, f.priority, null, null, null, null, f.idempotency_key, f.output, f.reason, null, null, null, null
  from lessee.job_final f
  where not exists (select from lessee.job_attempt a where a.job_id = f.job_id and a.fence = f.fence and a.word in ('succeed', 'cancel'));

-- What the enqueuer sent, wide and never rewritten; by day, too. The trace
-- context stands here once for all that happens to the job.
alter table lessee.job_payload rename to job_payload_old;
create table lessee.job_payload (
  job_id         bigint not null,
  enqueued_at    timestamptz not null, -- as in job_queue; names the partition
  payload        jsonb not null,
  enqueued_by    text not null,
  parent_job_id  bigint, -- the job whose result asked for this one
  trace_id       text not null,
  parent_span_id text not null,
  sampled        boolean not null,
  tracestate     text,
  correlation_id text,

  constraint job_payload_key primary key (job_id, enqueued_at)
) partition by range (enqueued_at);
create table lessee.job_payload_other partition of lessee.job_payload default;
insert into lessee.job_payload
  select p.job_id, coalesce(q.enqueued_at, f.enqueued_at, d.enqueued_at, clock_timestamp()), p.payload, p.enqueued_by, p.parent_job_id,
         p.trace_id, p.parent_span_id, p.sampled, p.tracestate, p.correlation_id
  from lessee.job_payload_old p
  left join lessee.job_queue q on q.id = p.job_id
  left join lessee.job_final f on f.job_id = p.job_id
  left join lateral (select l.enqueued_at from lessee.job_dead_letter l where l.job_id = p.job_id order by l.dead_letter_id desc limit 1) d on true;

drop view lessee.job;
drop table lessee.job_payload_old;
drop table lessee.job_attempt;
drop table lessee.job_final;

-- One row per ended grant of a job to a host.
create view lessee.job_attempt as
  select h.job_id, h.fence, h.attempt, h.class, h.word, h.lease_id, h.module_sha256, h.leased_at, h.ended_at, h.error, h.usage, h.requests, h.log_tail,
         p.trace_id, p.parent_span_id, h.span_id, p.sampled, p.tracestate, p.correlation_id
  from lessee.job_history h
  left join lessee.job_payload p on p.job_id = h.job_id and p.enqueued_at = h.enqueued_at
  where h.lease_id is not null;

-- How a job ended: exactly one row per ended job, those that are dead-lettered
-- apart. Their record is job_dead_letter, which can be replayed.
create view lessee.job_final as
  select h.job_id, h.class, h.state, h.ended_at as finished_at, h.enqueued_at, h.attempt, h.max_attempts, h.crash_count, h.priority, h.fence,
         h.output, h.reason, h.idempotency_key
  from lessee.job_history h
  where h.state is not null;

-- Every job, live or ended, one row each.
create view lessee.job as
  select q.id, q.class, q.state, q.priority, q.run_at, q.attempt, q.max_attempts, q.crash_count, q.fence,
         q.lease_id, q.leased_at, q.started_at, q.cancel_requested_at, q.expires_at, q.enqueued_at,
         null::timestamptz as finished_at, null::jsonb as output, null::jsonb as error, null::text as reason, q.idempotency_key
  from lessee.job_queue q
  union all
  select f.job_id, f.class, f.state, f.priority, null, f.attempt, f.max_attempts, f.crash_count, f.fence,
         null, null, null, null, null, f.enqueued_at,
         f.finished_at, f.output, null, f.reason, f.idempotency_key
  from lessee.job_final f
  union all
  select d.job_id, d.class, 'dead_lettered', d.priority, null, d.attempt, d.max_attempts, d.crash_count, d.fence,
         null, null, null, null, null, d.enqueued_at,
         d.dead_at, null, d.error, d.error ->> 'message', d.idempotency_key
  from lessee.job_dead_letter d
  where d.replayed_at is null;

-- Transitions as they happen, counted: a row per statement and class, not per
-- job. from_state is null for word enqueue; leased stands for running, too.
-- fn_count folds them into job_count, so that nobody ever counts jobs.
create table lessee.job_count_delta (
  class      text not null,
  word       text not null,
  from_state text,
  to_state   text not null,
  jobs       bigint not null,
  at         timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
insert into lessee.job_count_delta (class, word, to_state, jobs)
  select q.class, 'enqueue', case q.state when 'running' then 'leased' else q.state end, count(*) from lessee.job_queue q group by 1, 2, 3;

grant select on all tables in schema lessee to lessee_operator, lessee_reader;

-- +goose Down
alter table lessee.job_payload rename to job_payload_new;
alter table lessee.job_payload_new rename constraint job_payload_key to job_payload_new_key;
create table lessee.job_payload (
  job_id         bigint primary key,
  payload        jsonb not null,
  enqueued_by    text not null,
  parent_job_id  bigint, -- the job whose result asked for this one
  trace_id       text not null check (trace_id ~ '^[0-9a-f]{32}$'),
  parent_span_id text not null check (parent_span_id ~ '^[0-9a-f]{16}$'),
  sampled        boolean not null,
  tracestate     text,
  correlation_id text
);
insert into lessee.job_payload
  select p.job_id, p.payload, p.enqueued_by, p.parent_job_id, p.trace_id, p.parent_span_id, p.sampled, p.tracestate, p.correlation_id
  from lessee.job_payload_new p;
drop view lessee.job;
drop view lessee.job_final;
drop view lessee.job_attempt;
create table lessee.job_final (
  job_id          bigint primary key,
  class           text not null,
  state           text not null check (state in ('succeeded', 'cancelled', 'expired', 'rejected')),
  finished_at     timestamptz not null,
  enqueued_at     timestamptz not null,
  attempt         integer not null,
  max_attempts    integer not null,
  crash_count     integer not null,
  priority        smallint not null,
  fence           integer not null,
  output          jsonb,
  reason          text,
  idempotency_key text
);
insert into lessee.job_final
  select h.job_id, h.class, h.state, h.ended_at, h.enqueued_at, h.attempt, h.max_attempts, h.crash_count, h.priority, h.fence, h.output, h.reason, h.idempotency_key
  from lessee.job_history h where h.state is not null;
create table lessee.job_attempt (
  job_id         bigint not null,
  fence          integer not null,
  attempt        integer not null,
  class          text not null,
  word           text not null check (word in ('succeed', 'retry', 'dead_letter', 'park', 'release', 'rescue', 'cancel')),
  lease_id       bigint not null,
  module_sha256  text,
  leased_at      timestamptz not null,
  ended_at       timestamptz not null,
  error          jsonb,
  usage          jsonb,
  requests       jsonb, -- [{method, url, status, …}], HTTP that its executor asked for; null: none
  log_tail       text,
  trace_id       text not null,
  parent_span_id text not null,
  span_id        text not null,
  sampled        boolean not null,
  tracestate     text,
  correlation_id text,
  primary key (job_id, fence)
);
create index job_attempt_ended on lessee.job_attempt using brin (ended_at) with (pages_per_range = 32);
insert into lessee.job_attempt -- what retention took of a payload took the trace with it
  select h.job_id, h.fence, h.attempt, h.class, h.word, h.lease_id, h.module_sha256, h.leased_at, h.ended_at, h.error, h.usage, h.requests, h.log_tail,
         coalesce(p.trace_id, repeat('0', 32)), coalesce(p.parent_span_id, repeat('0', 16)), h.span_id, coalesce(p.sampled, false), p.tracestate, p.correlation_id
  from lessee.job_history h
  left join lessee.job_payload_new p on p.job_id = h.job_id and p.enqueued_at = h.enqueued_at
  where h.lease_id is not null;
create view lessee.job as
  select q.id, q.class, q.state, q.priority, q.run_at, q.attempt, q.max_attempts, q.crash_count, q.fence,
         q.lease_id, q.leased_at, q.started_at, q.cancel_requested_at, q.expires_at, q.enqueued_at,
         null::timestamptz as finished_at, null::jsonb as output, null::jsonb as error, null::text as reason, q.idempotency_key
  from lessee.job_queue q
  union all
  select f.job_id, f.class, f.state, f.priority, null, f.attempt, f.max_attempts, f.crash_count, f.fence,
         null, null, null, null, null, f.enqueued_at,
         f.finished_at, f.output, null, f.reason, f.idempotency_key
  from lessee.job_final f
  union all
  select d.job_id, d.class, 'dead_lettered', d.priority, null, d.attempt, d.max_attempts, d.crash_count, d.fence,
         null, null, null, null, null, d.enqueued_at,
         d.dead_at, null, d.error, d.error ->> 'message', d.idempotency_key
  from lessee.job_dead_letter d
  where d.replayed_at is null;
drop table lessee.job_payload_new;
drop table lessee.job_history;
drop table lessee.job_count_delta;
alter table lessee.queue_heartbeat drop column held, drop column held_from;
drop table lessee.job_grant;
drop index lessee.job_queue_ready;
drop index lessee.job_queue_due;
alter table lessee.job_queue drop column in_line, drop column due_later;
alter table lessee.job_queue reset (fillfactor);
alter table lessee.job_queue set (autovacuum_vacuum_threshold = 20000);
create index job_queue_ready on lessee.job_queue (class, priority, run_at, id) where state = 'ready';
create index job_queue_due   on lessee.job_queue (run_at)     where state in ('scheduled', 'retry_wait');
create index job_queue_held  on lessee.job_queue (lease_id)   where state in ('leased', 'running');
grant select on all tables in schema lessee to lessee_operator, lessee_reader;
