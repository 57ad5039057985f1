-- Takes what job_grant lists for a lease before p_until, writes those grants
-- into the rows of their jobs that no row tells of, drops what has ended since,
-- and keeps the rest in queue_heartbeat.held. A row that somebody has locked
-- keeps its place in the list. p_until = infinity: the lease is about to end; the
-- caller has locked claims out (fn_lease_end), so that nothing is granted to it
-- meanwhile, or it has ended.
--
-- Before held_from nobody looks for grants of the lease any more. So no claim
-- that began before it may still be under way; one is waited for, as long as a
-- heartbeat can wait, and else the next call gathers.
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
  v_ending constant boolean := p_until = 'infinity';
  v_from timestamptz;
  v_held bigint[];
begin
  select h.held_from, h.held into v_from, v_held from queue_heartbeat h where h.lease_id = p_lease;
  for v_try in 1 .. 20 loop
    exit when v_ending or (select pg_try_advisory_lock(k.lock, k.lease) and pg_advisory_unlock(k.lock, k.lease)
                           from (select hashtext('lessee.fn_lease_gather'), (p_lease % 2147483647)::integer) as k(lock, lease));
    if v_try = 20 then
      return v_held;
    end if;
    perform pg_sleep(0.002);
  end loop;
  with gone as materialized (
    delete from job_grant g where g.lease_id = p_lease and g.granted_at >= v_from and g.granted_at < p_until returning g.granted_at, g.job_ids, g.written
  ), unwritten as materialized (
    select unnest(g.job_ids) as id, g.granted_at from gone g where not g.written
  ), fresh as materialized (
    select q.id, q.class, u.granted_at
    from unwritten u
    cross join lateral (select q.id, q.class from job_queue q where q.id = u.id and (q.state = 'ready' and q.fence = 0) is true for update skip locked) q
  ), written as (
    update job_queue q
    set state = 'leased', lease_id = p_lease, attempt = q.attempt + 1, fence = 1, leased_at = f.granted_at, overdue_at = f.granted_at + lessee.fn_class_patience(c)
    from fresh f
    join executor_class_registry c on c.class = f.class
    where q.id = any (array(select f.id from fresh f)) and q.id = f.id
    returning q.id
  ), kept as (
    insert into job_grant (lease_id, granted_at, job_ids, written)
    select p_lease, u.granted_at, array_agg(u.id), false
    from unwritten u
    cross join lateral (select from job_queue q where q.id = u.id and (q.state = 'ready' and q.fence = 0) is true offset 0) q
    where u.id not in (select unnest(array(select f.id from fresh f)))
    group by u.granted_at
    returning granted_at
  ), listed as materialized (
    select unnest(g.job_ids) as id from gone g
    union
    select unnest(v_held)
  ), held as (
    select q.id
    from listed i
    cross join lateral (select q.id from job_queue q where q.id = i.id and (q.lease_id = p_lease and q.state in ('leased', 'running')) is true offset 0) q
    union all
    select w.id from written w
  )
  update queue_heartbeat h
  set held = coalesce((select array_agg(d.id) from held d), '{}'), held_from = case when v_ending then v_from else greatest(v_from, least(p_until, (select min(k.granted_at) from kept k))) end
  where h.lease_id = p_lease
  returning h.held into v_held;
  return v_held;
end
$$;
comment on function lessee.fn_lease_gather(bigint, timestamptz) is 'writes the grants of a lease, and drops what it does not hold any more';
