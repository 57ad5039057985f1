-- Writes what job_unwritten says of these jobs into their rows: for every word
-- but a plain success, and whoever has to find the job by its row. Null:
-- whoever holds them. Their list may be dropped by a host that holds nothing of it
-- any more, so what is written is listed anew.
--
-- The rows are locked in the order of ids, so that no two calls wait for each other.
create or replace function lessee.fn_grant_write(p_jobs bigint[], p_lease bigint default null)
returns void
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
  with granted as materialized (
    select u.* from job_unwritten u where u.job_id in (select unnest(p_jobs)) and (p_lease is null or u.lease_id = p_lease)
  ), fresh as materialized (
    select q.id, q.class from job_queue q where q.id = any (array(select g.job_id from granted g)) and (q.state = 'ready' and q.fence = 0) is true order by q.id for update
  ), listed as (
    insert into job_grant (lease_id, granted_at, job_ids)
    select g.lease_id, g.granted_at, array_agg(g.job_id) from fresh f join granted g on g.job_id = f.id group by g.lease_id, g.granted_at
  )
  update job_queue q
  set state = 'leased', lease_id = g.lease_id, attempt = q.attempt + 1, fence = 1, leased_at = g.granted_at, overdue_at = g.granted_at + lessee.fn_class_patience(c)
  from fresh f
  join granted g on g.job_id = f.id
  join executor_class_registry c on c.class = f.class
  where q.id = any (array(select f.id from fresh f)) and q.id = f.id;
end
$$;
comment on function lessee.fn_grant_write(bigint[], bigint) is 'writes grants into the rows of their jobs';
