-- +goose Up

-- A claim of a long line lists what it grants in job_grant and leaves the rows
-- of job_queue as they are: to write them would cost more than all the rest of
-- the claim, and most are gone before anybody asks. docs/rationale.md.
alter table lessee.job_grant
  add column written  boolean not null default true, -- its jobs' rows in job_queue say so, too
  add column class    text,                          -- of an unwritten one: they are of one lane,
  add column priority smallint,
  add column run_at   timestamptz,                   -- and this is where they end
  add column last_id  bigint;
alter table lessee.job_grant set (toast_tuple_target = 8160); -- a list lies in its row as long as it can
alter table lessee.job_queue set (fillfactor = 80); -- a claim that writes rows is for short lines, which need less room than long ones
create index job_grant_unwritten on lessee.job_grant (lease_id, granted_at) where not written;
create index job_grant_lane on lessee.job_grant (class, priority, granted_at) where not written;

-- The jobs that only job_grant knows to be held: of leases that have not ended.
-- Such a job is the first grant of its row, which is ready and has fence 0; any
-- other row of a job that is listed here has been written since, and is right.
create view lessee.job_unwritten as
  select i.job_id, l.lease_id, g.granted_at
  from lessee.dot_iu_runtime_lease l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where h.lease_id = l.lease_id offset 0) h
  cross join lateral (
    select g.granted_at, g.job_ids from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0
  ) g
  cross join lateral unnest(g.job_ids) as i(job_id)
  where l.ended_at is null;

-- Live jobs as they are, whether a row says so or a list.
create view lessee.job_live as
  select q.id, q.class, case when u.held then 'leased' else q.state end as state, q.priority, q.run_at, q.attempt + u.held::integer as attempt, q.max_attempts,
         q.crash_count, q.fence + u.held::integer as fence,
         case when u.held then (select g.lease_id from lessee.job_unwritten g where g.job_id = q.id) else q.lease_id end as lease_id,
         case when u.held then (select g.granted_at from lessee.job_unwritten g where g.job_id = q.id) else q.leased_at end as leased_at,
         q.started_at, q.cancel_requested_at, q.expires_at, q.enqueued_at, q.idempotency_key
  from lessee.job_queue q
  cross join lateral (select q.state = 'ready' and q.fence = 0 and q.id in (select g.job_id from lessee.job_unwritten g) as held) u;

create or replace view lessee.job as
  select q.id, q.class, q.state, q.priority, q.run_at, q.attempt, q.max_attempts, q.crash_count, q.fence,
         q.lease_id, q.leased_at, q.started_at, q.cancel_requested_at, q.expires_at, q.enqueued_at,
         null::timestamptz as finished_at, null::jsonb as output, null::jsonb as error, null::text as reason, q.idempotency_key
  from lessee.job_live q
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

grant select on lessee.job_unwritten, lessee.job_live to lessee_operator, lessee_reader;

-- +goose Down
update lessee.job_queue q
set state = 'leased', lease_id = u.lease_id, attempt = 1, fence = 1, leased_at = u.granted_at, overdue_at = clock_timestamp() + interval '1 minute'
from lessee.job_unwritten u
where q.id = u.job_id and q.state = 'ready' and q.fence = 0;
create or replace view lessee.job as
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
drop view lessee.job_live;
drop view lessee.job_unwritten;
drop index lessee.job_grant_lane;
drop index lessee.job_grant_unwritten;
alter table lessee.job_grant reset (toast_tuple_target);
alter table lessee.job_queue set (fillfactor = 50);
alter table lessee.job_grant drop column written, drop column class, drop column priority, drop column run_at, drop column last_id;
