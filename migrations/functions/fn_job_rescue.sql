-- Word rescue: leased, running -> ready, for jobs whose lease is over. Ends the
-- leases that have expired, then takes their jobs back. Burns no attempt, but
-- counts a crash; a job with too many of them is dead-lettered.
-- A row that a commit holds at this moment is left for the next sweep.
-- Returns how many jobs it took.
create or replace function lessee.fn_job_rescue(p_max integer)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_endings job_ending[];
begin
  perform lessee.fn_lease_end(e.lease_id, 'expired')
  from (select l.lease_id from dot_iu_runtime_lease l where l.ended_at is null and l.expires_at <= clock_timestamp() order by l.lease_id) e;

  perform lessee.fn_lease_gather(l.lease_id, 'infinity')
  from dot_iu_runtime_lease l
  join queue_heartbeat h on h.lease_id = l.lease_id
  where l.ended_at is not null and (h.held <> '{}' or exists (select from job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from));

  select array_agg(row(s.id, s.fence, s.lease_id, 'rescue', null,
                       jsonb_build_object('code', 'host_lost', 'message', format(case s.end_reason when 'closed' then 'host %s closed lease %s and left the job' else 'host %s stopped renewing lease %s' end, s.host, s.lease_id)),
                       null, null, null, null, substr(replace(gen_random_uuid()::text, '-', ''), 1, 16), null)::job_ending)
  into v_endings
  from (
    select q.id, q.fence, q.lease_id, l.host, l.end_reason
    from dot_iu_runtime_lease l
    join queue_heartbeat h on h.lease_id = l.lease_id
    cross join lateral unnest(h.held) i(id)
    cross join lateral (
      select q.id, q.fence, q.lease_id from job_queue q
      where q.id = i.id and (q.lease_id = l.lease_id and q.state in ('leased', 'running')) is true
      for update skip locked
    ) q
    where (l.ended_at is not null or l.expires_at <= clock_timestamp()) and h.held <> '{}'
    limit p_max
  ) s;
  if v_endings is null then
    return 0;
  end if;
  perform lessee.fn_job_end(v_endings);
  perform lessee.fn_wake();
  return cardinality(v_endings);
end
$$;
comment on function lessee.fn_job_rescue(integer) is 'word rescue: leased, running -> ready';
grant execute on function lessee.fn_job_rescue(integer) to lessee_host;
