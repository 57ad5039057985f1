-- The heartbeat of a host: renews its lease, stamps the jobs that have started
-- (word start), takes its report, and answers which of the jobs it holds it
-- must stop and why: cancel, or lost (the job is no longer this host's).
-- p_held is [{job_id, fence, started_ms, progress}]: started_ms is the age of the
-- attempt in milliseconds, null when it has not started; progress is
-- {permille, note}, absent when the executor tells of none. p_in_flight is how
-- many jobs the host holds, those too of the last second that it does not name.
-- A grant that the host does not name, because the answer to its claim was lost,
-- goes back (word release) after the time in which any answer must have come.
-- alive = false: the lease is over for good; stop everything, open a new one.
-- sweep: a host is gone or counters have gathered, so fn_sweep would find something.
create or replace function lessee.fn_lease_renew(p_lease bigint, p_held jsonb, p_classes jsonb, p_in_flight integer default null, out alive boolean, out ttl_ms bigint, out stop jsonb, out sweep boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed: a plan that follows the statistics can cost the lease
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_unknown job_ending[];
  v_held bigint[];
begin
  p_held := coalesce(nullif(p_held, 'null'), '[]'); -- an empty list, in the JSON of some languages
  ttl_ms := lessee.fn_setting('lease.ttl_ms')::bigint;
  stop := '[]';
  sweep := exists (select from dot_iu_runtime_lease l where l.ended_at is null and l.expires_at <= v_now)
        or exists (select from job_count_recent offset 1000);
  update dot_iu_runtime_lease l
  set renewed_at = v_now, expires_at = v_now + ttl_ms * interval '1 millisecond'
  where l.lease_id = p_lease and l.ended_at is null and l.expires_at > v_now;
  alive := found;
  if not alive then
    return;
  end if;

  update queue_heartbeat h set at = v_now, in_flight = coalesce(p_in_flight, jsonb_array_length(p_held)), classes = coalesce(nullif(p_classes, 'null'), '{}'),
    progress = jsonb_path_query_array(p_held, '$[*] ? (exists (@.progress))')
  where h.lease_id = p_lease;
  perform lessee.fn_class_switch();

  -- A claim that is on its way now commits within these two seconds, if ever a host hears of it.
  v_held := lessee.fn_lease_gather(p_lease, v_now - interval '2 seconds');

  -- A host trusts a lease, and so waits for an answer, for less than ttl_ms.
  select array_agg(row(s.id, s.fence, p_lease, 'release', null,
                       jsonb_build_object('code', 'interrupted', 'message', 'the host never learned of this grant'),
                       null, null, null, null, substr(replace(gen_random_uuid()::text, '-', ''), 1, 16), null)::job_ending)
  into v_unknown
  from (
    select q.id, q.fence from job_queue q
    where q.id = any (v_held)
      and (q.lease_id = p_lease and q.state = 'leased' and q.leased_at < v_now - ttl_ms * interval '1 millisecond') is true
      and (q.id, q.fence) not in (select h.job_id, h.fence from jsonb_to_recordset(p_held) as h(job_id bigint, fence integer) where h.job_id is not null and h.fence is not null)
    for update skip locked
  ) s;
  if v_unknown is not null then
    perform lessee.fn_job_end(v_unknown);
    perform lessee.fn_wake();
  end if;
  if jsonb_array_length(p_held) = 0 then
    return;
  end if;

  -- A job that a commit holds at this moment is past its start; to wait for it could cost the lease.
  perform lessee.fn_grant_write(array(
    select r.id
    from jsonb_to_recordset(p_held) as h(job_id bigint, fence integer, started_ms bigint)
    cross join lateral (select r.id from job_queue r where r.id = h.job_id and (r.state = 'ready' and r.fence = 0) is true for update skip locked) r
    where h.fence = 1 and h.started_ms is not null), p_lease);
  with started as materialized (
    select r.id, greatest(h.started_ms, 0) as started_ms
    from jsonb_to_recordset(p_held) as h(job_id bigint, fence integer, started_ms bigint)
    cross join lateral (
      select r.id from job_queue r
      where r.id = h.job_id and r.fence = h.fence and (r.lease_id = p_lease and r.state = 'leased') is true
      for update skip locked
    ) r
    where h.started_ms is not null
  )
  update job_queue q
  set state = 'running', started_at = greatest(q.leased_at, v_now - s.started_ms * interval '1 millisecond')
  from started s
  where q.id = any (array(select d.id from started d)) and s.id = q.id;

  select coalesce(jsonb_agg(jsonb_build_object('job_id', h.job_id, 'fence', h.fence,
                                               'why', case when q.id is null then 'lost' else 'cancel' end)), '[]') into stop
  from jsonb_to_recordset(p_held) as h(job_id bigint, fence integer)
  left join lateral (
    select q.id, q.cancel_requested_at from job_queue q
    where q.id = h.job_id
      and (q.state in ('leased', 'running') and q.lease_id = p_lease and q.fence = h.fence
           or q.state = 'ready' and q.fence = 0 and h.fence = 1 and q.id in (select unnest(array(select u.job_id from job_unwritten u where u.lease_id = p_lease)))) is true
    offset 0
  ) q on true
  where q.id is null or q.cancel_requested_at is not null;
end
$$;
comment on function lessee.fn_lease_renew(bigint, jsonb, jsonb, integer) is 'heartbeat of a host';
grant execute on function lessee.fn_lease_renew(bigint, jsonb, jsonb, integer) to lessee_host;
