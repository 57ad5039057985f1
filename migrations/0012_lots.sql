-- +goose Up

-- The lists of job_grant that stand for rows, so that a claim can leave out a whole
-- list by where it ends: none of its jobs comes later than run_at in the line.
create view lessee.grant_unwritten as
  select l.lease_id, g.granted_at, g.class, g.priority, g.run_at, g.job_ids
  from lessee.lease_unended l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where -h.lease_id = -l.lease_id order by h.held_from desc limit 1) h
  cross join lateral (select g.* from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0) g;
create or replace view lessee.job_unwritten as
  select i.job_id, g.lease_id, g.granted_at from lessee.grant_unwritten g cross join lateral unnest(g.job_ids) as i(job_id);

-- A join, because to look a job up in a list, or who holds it, is only then the
-- work of a hash when the planner believes the list to be short.
create or replace view lessee.job_live as
  select q.id, q.class, case when u.job_id is not null then 'leased' else q.state end as state, q.priority, q.run_at, q.attempt + (u.job_id is not null)::integer as attempt,
         q.max_attempts, q.crash_count, q.fence + (u.job_id is not null)::integer as fence, coalesce(u.lease_id, q.lease_id) as lease_id,
         coalesce(u.granted_at, q.leased_at) as leased_at, q.started_at, q.cancel_requested_at, q.expires_at, q.enqueued_at, q.idempotency_key
  from lessee.job_queue q
  left join lessee.job_unwritten u on u.job_id = q.id and q.state = 'ready' and q.fence = 0;

grant select on lessee.grant_unwritten to lessee_operator, lessee_reader;

-- +goose Down
create or replace view lessee.job_live as
  select q.id, q.class, case when u.held then 'leased' else q.state end as state, q.priority, q.run_at, q.attempt + u.held::integer as attempt, q.max_attempts,
         q.crash_count, q.fence + u.held::integer as fence,
         case when u.held then (select g.lease_id from lessee.job_unwritten g where g.job_id = q.id) else q.lease_id end as lease_id,
         case when u.held then (select g.granted_at from lessee.job_unwritten g where g.job_id = q.id) else q.leased_at end as leased_at,
         q.started_at, q.cancel_requested_at, q.expires_at, q.enqueued_at, q.idempotency_key
  from lessee.job_queue q
  cross join lateral (select q.state = 'ready' and q.fence = 0 and q.id in (select g.job_id from lessee.job_unwritten g) as held) u;
create or replace view lessee.job_unwritten as
  select i.job_id, l.lease_id, g.granted_at
  from lessee.lease_unended l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where -h.lease_id = -l.lease_id order by h.held_from desc limit 1) h
  cross join lateral (
    select g.granted_at, g.job_ids from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0
  ) g
  cross join lateral unnest(g.job_ids) as i(job_id);
drop view lessee.grant_unwritten;
