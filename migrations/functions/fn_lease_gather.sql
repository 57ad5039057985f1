-- Takes what job_grant lists for a lease before p_until, drops what has ended
-- since, and keeps the rest in queue_heartbeat.held. Rows that commit later with
-- an earlier granted_at stay where they are until the lease is over; fn_lease_jobs
-- finds them there.
create or replace function lessee.fn_lease_gather(p_lease bigint, p_until timestamptz)
returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_from timestamptz;
  v_held bigint[];
begin
  select case when p_until = 'infinity' then '-infinity' else h.held_from end, h.held into v_from, v_held
  from queue_heartbeat h where h.lease_id = p_lease;
  with gone as (
    delete from job_grant g where g.lease_id = p_lease and g.granted_at >= v_from and g.granted_at < p_until returning g.job_ids
  ), listed as materialized (
    select unnest(g.job_ids) as id from gone g
    union
    select unnest(v_held)
  )
  select coalesce(array_agg(q.id), '{}') into v_held
  from listed i
  cross join lateral (select q.id from job_queue q where q.id = i.id and (q.lease_id = p_lease and q.state in ('leased', 'running')) is true offset 0) q;
  update queue_heartbeat h set held = v_held, held_from = greatest(v_from, p_until) where h.lease_id = p_lease;
  return v_held;
end
$$;
comment on function lessee.fn_lease_gather(bigint, timestamptz) is 'drops what a lease does not hold any more';
