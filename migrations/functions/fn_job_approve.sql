-- Word approve: proposed -> ready, or scheduled when it is due later. False: it was not proposed.
create or replace function lessee.fn_job_approve(p_id bigint)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now timestamptz := lessee.fn_queue_now();
begin
  with moved as (
    update job_queue q
    set state = case when q.run_at > v_now then 'scheduled' else 'ready' end, run_at = greatest(q.run_at, v_now)
    where q.id = p_id and q.state = 'proposed'
    returning q.class, q.state
  )
  insert into job_count_delta (class, word, from_state, to_state, jobs)
  select m.class, 'approve', 'proposed', m.state, 1 from moved m;
  if not found then
    perform lessee.fn_job_state(p_id);
    return false;
  end if;
  perform lessee.fn_wake();
  return true;
end
$$;
comment on function lessee.fn_job_approve(bigint) is 'word approve: proposed -> ready, scheduled';
grant execute on function lessee.fn_job_approve(bigint) to lessee_operator;
