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

grant select on lessee.grant_unwritten to lessee_operator, lessee_reader;

-- +goose Down
create or replace view lessee.job_unwritten as
  select i.job_id, l.lease_id, g.granted_at
  from lessee.lease_unended l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where -h.lease_id = -l.lease_id order by h.held_from desc limit 1) h
  cross join lateral (
    select g.granted_at, g.job_ids from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0
  ) g
  cross join lateral unnest(g.job_ids) as i(job_id);
drop view lessee.grant_unwritten;
