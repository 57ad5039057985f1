-- Drops the lists of jobs (fn_lease_jobs) of leases that are over and hold none any more.
create or replace function lessee.fn_lease_forget()
returns void
language sql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
  with over as materialized (
    select l.lease_id from lessee.dot_iu_runtime_lease l
    where l.ended_at is not null
      and (exists (select from lessee.job_grant g where g.lease_id = l.lease_id) or exists (select from lessee.queue_heartbeat h where h.lease_id = l.lease_id and h.held <> '{}'))
      and not exists (select from lessee.fn_lease_jobs(l.lease_id) i cross join lateral (
            select from lessee.job_queue q where q.id = i.job_id and (q.lease_id = l.lease_id) is true offset 0) q)
  ), forgotten as (
    delete from lessee.job_grant g using over o where g.lease_id = o.lease_id
  )
  update lessee.queue_heartbeat h set held = '{}' from over o where h.lease_id = o.lease_id;
$$;
comment on function lessee.fn_lease_forget() is 'forgets the jobs of leases that are over';
