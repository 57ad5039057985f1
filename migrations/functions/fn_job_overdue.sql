-- Takes jobs that outlived their limit from hosts that live but failed to kill
-- them. The attempt failed: words retry or dead_letter. Returns how many.
-- No limit is over before ten seconds (fn_class_patience), so what was granted since
-- then, which may be hundreds of thousands of jobs, is not looked at.
create or replace function lessee.fn_job_overdue(p_max integer)
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
  select array_agg(row(s.id, s.fence, s.lease_id, 'retry', null,
                       jsonb_build_object('code', 'overdue', 'message', 'the host neither ended nor killed the attempt in time'),
                       null, null, null, null, substr(replace(gen_random_uuid()::text, '-', ''), 1, 16), null)::job_ending)
  into v_endings
  from (
    select q.id, q.fence, q.lease_id
    from dot_iu_runtime_lease l
    cross join lateral lessee.fn_lease_jobs(l.lease_id, clock_timestamp() - interval '10 seconds') i
    cross join lateral (
      select q.id, q.fence, q.lease_id from job_queue q
      where q.id = i.job_id and (q.lease_id = l.lease_id and q.state in ('leased', 'running') and q.overdue_at <= clock_timestamp()) is true
      for update skip locked
    ) q
    where l.ended_at is null
    limit p_max
  ) s;
  if v_endings is null then
    return 0;
  end if;
  perform lessee.fn_job_end(v_endings);
  return cardinality(v_endings);
end
$$;
comment on function lessee.fn_job_overdue(integer) is 'takes overdue jobs from live hosts';
grant execute on function lessee.fn_job_overdue(integer) to lessee_host;
