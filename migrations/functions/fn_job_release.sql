-- Word release: leased -> ready, for jobs that the host never started. Burns no attempt.
-- p_held is [{job_id, fence}]. Returns how many were given back.
create or replace function lessee.fn_job_release(p_lease bigint, p_held jsonb)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_count integer;
  v_now timestamptz := lessee.fn_queue_now();
begin
  perform lessee.fn_grant_write(array(select h.job_id from jsonb_to_recordset(p_held) as h(job_id bigint, fence integer) where h.fence = 1), p_lease);
  with moved as (
    update job_queue q
    set state = 'ready', run_at = v_now, attempt = q.attempt - 1, lease_id = null, leased_at = null, overdue_at = null
    from jsonb_to_recordset(p_held) as h(job_id bigint, fence integer)
    where q.id = h.job_id and q.fence = h.fence and q.lease_id = p_lease and q.state = 'leased' and q.cancel_requested_at is null
    returning q.class
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select m.class, 'release', 'leased', 'ready', count(*) from moved m group by m.class
  )
  select count(*) into v_count from moved;
  if v_count > 0 then
    perform lessee.fn_wake();
  end if;
  return v_count;
end
$$;
comment on function lessee.fn_job_release(bigint, jsonb) is 'word release: leased -> ready';
grant execute on function lessee.fn_job_release(bigint, jsonb) to lessee_host;
