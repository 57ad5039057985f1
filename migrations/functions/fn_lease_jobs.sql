-- The jobs that a lease may hold: all that it holds, and some that have ended
-- since. Whoever acts on one looks at its row in job_queue.
create or replace function lessee.fn_lease_jobs(p_lease bigint)
returns table (job_id bigint)
language sql stable rows 1000
set search_path = pg_catalog, lessee, pg_temp
as $$
  select unnest(h.held) from lessee.queue_heartbeat h where h.lease_id = p_lease
  union
  select unnest(g.job_ids) from lessee.job_grant g where g.lease_id = p_lease;
$$;
comment on function lessee.fn_lease_jobs(bigint) is 'jobs that a lease may hold';
