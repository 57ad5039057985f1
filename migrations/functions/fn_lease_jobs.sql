-- The jobs that a lease may hold of those granted before p_until: all that it
-- holds, and some that have ended since, or were granted later. Whoever acts on
-- one looks at its row in job_queue. Before held_from there are none left, see
-- fn_lease_gather; the dead entries there may be thousands, as long as a
-- snapshot keeps them.
create or replace function lessee.fn_lease_jobs(p_lease bigint, p_until timestamptz default 'infinity')
returns table (job_id bigint)
language sql stable rows 1000
set search_path = pg_catalog, lessee, pg_temp
as $$
  select unnest(h.held) from lessee.queue_heartbeat h where h.lease_id = p_lease
  union
  select unnest(g.job_ids)
  from lessee.queue_heartbeat h
  cross join lateral (
    select g.job_ids from lessee.job_grant g
    where g.lease_id = p_lease and g.granted_at >= h.held_from and g.granted_at < p_until
    offset 0
  ) g
  where h.lease_id = p_lease;
$$;
comment on function lessee.fn_lease_jobs(bigint, timestamptz) is 'jobs that a lease may hold';
