-- An operator's 'now': makes a scheduled or waiting-to-retry job due at once
-- (word due follows). False: it was in neither state.
create or replace function lessee.fn_job_hasten(p_id bigint)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  with due as (
    select q.id, q.state from job_queue q where q.id = p_id and q.due_later for update
  ), moved as (
    update job_queue q set state = 'ready', run_at = lessee.fn_queue_now() from due d where q.id = d.id returning q.class, d.state
  )
  insert into job_count_delta (class, word, from_state, to_state, jobs)
  select m.class, 'due', m.state, 'ready', 1 from moved m;
  if not found then
    perform lessee.fn_job_state(p_id);
    return false;
  end if;
  perform lessee.fn_wake();
  return true;
end
$$;
comment on function lessee.fn_job_hasten(bigint) is 'makes a waiting job due now';
grant execute on function lessee.fn_job_hasten(bigint) to lessee_operator;
