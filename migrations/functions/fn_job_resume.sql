-- Word resume: waiting -> ready. False: it was not waiting.
create or replace function lessee.fn_job_resume(p_id bigint)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  with moved as (
    update job_queue q set state = 'ready', run_at = lessee.fn_queue_now() where q.id = p_id and q.state = 'waiting' returning q.class
  )
  insert into job_count_delta (class, word, from_state, to_state, jobs)
  select m.class, 'resume', 'waiting', 'ready', 1 from moved m;
  if not found then
    perform lessee.fn_job_state(p_id);
    return false;
  end if;
  perform lessee.fn_wake();
  return true;
end
$$;
comment on function lessee.fn_job_resume(bigint) is 'word resume: waiting -> ready';
grant execute on function lessee.fn_job_resume(bigint) to lessee_operator;
