-- Word due: scheduled, retry_wait -> ready, for jobs whose time has come.
-- Returns how many, and in how many milliseconds the next one is due (null: none waits).
create or replace function lessee.fn_job_due(p_max integer, out promoted integer, out next_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp(); -- a variable, so that the index bounds the scan
  v_ready timestamptz;
begin
  if exists (select from job_queue d where d.due_later and d.run_at <= v_now) then
    v_ready := lessee.fn_queue_now();
  end if;
  with due as (
    select d.id, d.state from job_queue d
    where d.due_later and d.run_at <= v_now
    order by d.run_at
    limit p_max
    for update skip locked
  ), moved as (
    update job_queue q set state = 'ready', run_at = v_ready
    from due s
    where q.id = s.id and q.due_later
    returning q.class, s.state
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select m.class, 'due', m.state, 'ready', count(*) from moved m group by m.class, m.state
  )
  select count(*) into promoted from moved;
  if promoted > 0 then
    perform lessee.fn_wake();
  end if;
  select greatest(0, ceil(extract(epoch from d.run_at - clock_timestamp()) * 1000))::bigint into next_ms
  from job_queue d
  where d.due_later
  order by d.run_at
  limit 1;
end
$$;
comment on function lessee.fn_job_due(integer) is 'word due: scheduled, retry_wait -> ready';
grant execute on function lessee.fn_job_due(integer) to lessee_host;
