-- +goose Up

-- The twelve states and the words that lead from one to another. The law is
-- in the functions; these rows are its statement, and a test walks every state
-- and every word to see that the two agree.
create table lessee.work_state (
  state       text primary key,
  final       boolean not null,
  description text not null
);
insert into lessee.work_state (state, final, description) values
  ('proposed',      false, 'waits for an approval before it may run'),
  ('scheduled',     false, 'due later'),
  ('ready',         false, 'due now'),
  ('leased',        false, 'granted to a host, not known to have started'),
  ('running',       false, 'reported started'),
  ('waiting',       false, 'parked on a person, a child or a signal'),
  ('retry_wait',    false, 'failed, due again later'),
  ('succeeded',     true,  'its result is committed'),
  ('dead_lettered', true,  'failed for good; kept for replay'),
  ('cancelled',     true,  'stopped by an operator'),
  ('expired',       true,  'not done before its expiry'),
  ('rejected',      true,  'approval refused');

create table lessee.work_state_transition (
  from_state text not null references lessee.work_state,
  word       text not null,
  to_state   text not null references lessee.work_state,
  primary key (from_state, word, to_state)
);
insert into lessee.work_state_transition (from_state, word, to_state) values
  ('proposed',      'approve',     'ready'),
  ('proposed',      'approve',     'scheduled'),
  ('proposed',      'reject',      'rejected'),
  ('proposed',      'cancel',      'cancelled'),
  ('proposed',      'expire',      'expired'),
  ('scheduled',     'due',         'ready'),
  ('scheduled',     'cancel',      'cancelled'),
  ('scheduled',     'expire',      'expired'),
  ('ready',         'claim',       'leased'),
  ('ready',         'cancel',      'cancelled'),
  ('ready',         'expire',      'expired'),
  ('leased',        'start',       'running'),
  ('leased',        'succeed',     'succeeded'),
  ('leased',        'retry',       'retry_wait'),
  ('leased',        'dead_letter', 'dead_lettered'),
  ('leased',        'park',        'waiting'),
  ('leased',        'release',     'ready'),
  ('leased',        'rescue',      'ready'),
  ('leased',        'cancel',      'cancelled'),
  ('running',       'succeed',     'succeeded'),
  ('running',       'retry',       'retry_wait'),
  ('running',       'dead_letter', 'dead_lettered'),
  ('running',       'park',        'waiting'),
  ('running',       'release',     'ready'),
  ('running',       'rescue',      'ready'),
  ('running',       'cancel',      'cancelled'),
  ('waiting',       'resume',      'ready'),
  ('waiting',       'cancel',      'cancelled'),
  ('waiting',       'expire',      'expired'),
  ('retry_wait',    'due',         'ready'),
  ('retry_wait',    'cancel',      'cancelled'),
  ('retry_wait',    'expire',      'expired'),
  ('dead_lettered', 'replay',      'ready');

-- A host's right to hold jobs: one row per host process, renewed by one UPDATE.
create table lessee.dot_iu_runtime_lease (
  lease_id   bigint generated always as identity primary key,
  host       text not null check (host <> ''),
  version    text not null,
  granted_at timestamptz not null default clock_timestamp(),
  renewed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  ended_at   timestamptz,
  end_reason text check (end_reason in ('closed', 'expired')),

  constraint ended_has_a_reason check ((ended_at is null) = (end_reason is null))
) with (fillfactor = 50);
create index dot_iu_runtime_lease_live on lessee.dot_iu_runtime_lease (expires_at) where ended_at is null;

-- What a host reports of itself with each renewal.
create table lessee.queue_heartbeat (
  lease_id  bigint primary key references lessee.dot_iu_runtime_lease,
  at        timestamptz not null default clock_timestamp(),
  in_flight integer not null,
  classes   jsonb not null, -- class -> {ready, reason, module, next, candidate}; next, candidate: as the whole, of another module
  progress  jsonb not null default '[]' -- [{job_id, fence, progress: {permille, note}}] of attempts that tell
) with (fillfactor = 50);

-- Live jobs, narrow: what a transition rewrites. A job leaves it with its final state.
create table lessee.job_queue (
  id                  bigint generated always as identity primary key,
  class               text not null,
  state               text not null check (state in ('proposed', 'scheduled', 'ready', 'leased', 'running', 'waiting', 'retry_wait')),
  priority            smallint not null,
  run_at              timestamptz not null,
  attempt             integer not null default 0 check (attempt >= 0),
  max_attempts        integer not null check (max_attempts > 0),
  crash_count         integer not null default 0,
  fence               integer not null default 0, -- +1 with every claim, never reused
  lease_id            bigint,
  leased_at           timestamptz,
  started_at          timestamptz,
  overdue_at          timestamptz,                -- the sweep takes the job from a live host here
  cancel_requested_at timestamptz,
  cancel_reason       text,
  expires_at          timestamptz,
  enqueued_at         timestamptz not null,
  idempotency_key     text,

  constraint leased_has_a_lease  check (num_nulls(lease_id, leased_at, overdue_at) = case when state in ('leased', 'running') then 0 else 3 end),
  constraint running_has_started check ((state = 'running') = (started_at is not null))
);
-- The order of claim is the order of this index.
create index job_queue_ready   on lessee.job_queue (class, priority, run_at, id) where state = 'ready';
create index job_queue_due     on lessee.job_queue (run_at)     where state in ('scheduled', 'retry_wait');
create index job_queue_held    on lessee.job_queue (lease_id)   where state in ('leased', 'running');
create index job_queue_expires on lessee.job_queue (expires_at) where expires_at is not null;

-- What the enqueuer sent, wide and never rewritten.
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

-- (class, key) -> the first job. Holds while the job lives, then until expires_at.
create table lessee.job_idempotency (
  class      text not null,
  key        text not null check (key <> '' and octet_length(key) <= 512),
  job_id     bigint not null,
  expires_at timestamptz,
  primary key (class, key)
);
create index job_idempotency_expires on lessee.job_idempotency (expires_at) where expires_at is not null;

-- How a job ended. Append-only; exactly one row per ended job, those that are
-- dead-lettered apart: their record is job_dead_letter, which can be replayed.
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

-- One row per ended grant of a job to a host. Append-only.
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
-- The rows lie in the order of ended_at, so a few pages tell where the recent ones are.
create index job_attempt_ended on lessee.job_attempt using brin (ended_at) with (pages_per_range = 32);

-- One audited execution of a command. Append-only; a failed one is kept although its effects are undone.
create table lessee.dot_iu_command_run (
  run_id     bigint generated always as identity primary key,
  job_id     bigint not null,
  fence      integer not null,
  command    text not null,
  role       text not null,
  args       jsonb not null,
  succeeded  boolean not null,
  result     jsonb,
  error      jsonb,
  started_at timestamptz not null,
  ended_at   timestamptz not null,
  trace_id   text not null,
  span_id    text not null,

  constraint failed_has_an_error check (succeeded = (error is null))
);
create index dot_iu_command_run_job on lessee.dot_iu_command_run (job_id);

-- Jobs that failed for good, whole: payload and every attempt are in the row,
-- so a replay needs nothing that retention may have dropped.
create table lessee.job_dead_letter (
  dead_letter_id  bigint generated always as identity primary key,
  job_id          bigint not null,
  class           text not null,
  dead_at         timestamptz not null,
  enqueued_at     timestamptz not null,
  attempt         integer not null,
  max_attempts    integer not null,
  crash_count     integer not null,
  priority        smallint not null,
  fence           integer not null,
  error           jsonb not null,
  attempts        jsonb not null,
  payload         jsonb not null,
  idempotency_key text,
  trace_id        text not null,
  parent_span_id  text not null,
  sampled         boolean not null,
  tracestate      text,
  correlation_id  text,
  replayed_at     timestamptz,
  replayed_by     text,
  replay_reason   text,

  constraint replay_has_a_reason check ((replayed_at is null) = (replay_reason is null))
);
create unique index job_dead_letter_open on lessee.job_dead_letter (job_id) where replayed_at is null;

-- What a host reports of an attempt; an array of these, as JSON, is what
-- fn_job_commit takes.
create type lessee.job_outcome as (
  job_id         bigint,
  fence          integer,
  attempt        integer,
  word           text,
  output         jsonb,
  error          jsonb, -- {code, message, detail}
  retry_after_ms bigint,
  events         jsonb, -- as in abi.Result; null when there are none
  enqueue        jsonb,
  commands       jsonb,
  usage          jsonb, -- abi.Usage
  requests       jsonb, -- as in job_attempt
  log_tail       text,
  span_id        text,
  module_sha256  text
);

-- A grant that ends, decided; for fn_job_end.
create type lessee.job_ending as (
  job_id         bigint,
  fence          integer,
  lease_id       bigint,
  word           text,
  output         jsonb,
  error          jsonb,
  retry_after_ms bigint,
  usage          jsonb,
  requests       jsonb,
  log_tail       text,
  span_id        text,
  module_sha256  text
);

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

grant select on all tables in schema lessee to lessee_operator, lessee_reader;

-- +goose Down
drop view lessee.job;
drop type lessee.job_ending;
drop type lessee.job_outcome;
drop table lessee.job_dead_letter;
drop table lessee.dot_iu_command_run;
drop table lessee.job_attempt;
drop table lessee.job_final;
drop table lessee.job_idempotency;
drop table lessee.job_payload;
drop table lessee.job_queue;
drop table lessee.queue_heartbeat;
drop table lessee.dot_iu_runtime_lease;
drop table lessee.work_state_transition;
drop table lessee.work_state;
