-- Sends ready jobs that lie behind a host's fronts to the back of the queue,
-- where every host finds them; see fn_queue_front. It walks what the fronts
-- spare the claims, so one host does it at a time, and seldom. Returns how many.
create or replace function lessee.fn_queue_recall(p_fronts jsonb)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_now timestamptz;
  v_jobs bigint[];
  v_count integer;
begin
  if not pg_try_advisory_xact_lock(hashtext('lessee.fn_queue_recall')) then
    return 0;
  end if;
  v_now := lessee.fn_queue_now();
  v_jobs := array(
    select r.id
    from jsonb_to_recordset(p_fronts) as f(class text, priority smallint, run_at timestamptz, id bigint)
    cross join lateral (
      select r.id from job_queue r
      where r.class = f.class and r.in_line and r.state = 'ready' and r.priority = f.priority and (r.run_at, r.id) <= (f.run_at, f.id)
        and (r.fence > 0 or r.id not in (select unnest(array(select u.job_id from job_unwritten u))))
      limit 1000
      for update skip locked
    ) r);
  perform lessee.fn_grant_await(v_jobs);
  update job_queue q set run_at = v_now where q.id = any (v_jobs) and q.state = 'ready';
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform lessee.fn_wake();
  end if;
  return v_count;
end
$$;
comment on function lessee.fn_queue_recall(jsonb) is 'sends ready jobs behind the fronts to the back';
grant execute on function lessee.fn_queue_recall(jsonb) to lessee_host;
