-- +goose Up

-- Each claim and commit looks at its lease, and each claim at what every lease
-- holds. Renewals rewrite those rows every few seconds, and while a snapshot keeps
-- what they wrote before, a look must not walk it all: an index finds the newest.
-- It is on -lease_id, so that no plan takes the primary key instead, which for a
-- small table seems as good.
drop index lessee.dot_iu_runtime_lease_live;
create index dot_iu_runtime_lease_live on lessee.dot_iu_runtime_lease ((-lease_id), expires_at) where ended_at is null;
create index queue_heartbeat_held on lessee.queue_heartbeat ((-lease_id), held_from);

-- The leases that have not ended, in rows that nothing rewrites. A trigger keeps it.
create table lessee.lease_unended (
  lease_id bigint primary key references lessee.dot_iu_runtime_lease on delete cascade
);
insert into lessee.lease_unended select l.lease_id from lessee.dot_iu_runtime_lease l where l.ended_at is null;

create or replace view lessee.job_unwritten as
  select i.job_id, l.lease_id, g.granted_at
  from lessee.lease_unended l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where -h.lease_id = -l.lease_id order by h.held_from desc limit 1) h
  cross join lateral (
    select g.granted_at, g.job_ids from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0
  ) g
  cross join lateral unnest(g.job_ids) as i(job_id);

-- A claim looks at its lease itself, behind a lock that whoever ends the lease
-- waits for. The constraint locked the lease's row once more.
alter table lessee.job_grant drop constraint job_grant_lease_id_fkey;

-- held_from bounds the grants of leases that have ended, too.
update lessee.queue_heartbeat set held_from = '-infinity' where held_from = 'infinity';

-- +goose Down
alter table lessee.job_grant add constraint job_grant_lease_id_fkey foreign key (lease_id) references lessee.dot_iu_runtime_lease;
create or replace view lessee.job_unwritten as
  select i.job_id, l.lease_id, g.granted_at
  from lessee.dot_iu_runtime_lease l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where h.lease_id = l.lease_id offset 0) h
  cross join lateral (
    select g.granted_at, g.job_ids from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0
  ) g
  cross join lateral unnest(g.job_ids) as i(job_id)
  where l.ended_at is null;
drop table lessee.lease_unended;
drop index lessee.queue_heartbeat_held;
drop index lessee.dot_iu_runtime_lease_live;
create index dot_iu_runtime_lease_live on lessee.dot_iu_runtime_lease (expires_at) where ended_at is null;
