-- Ends jobs that no host holds: one row leaves job_queue, one enters job_final.
-- For fn_job_cancel, fn_job_reject and fn_job_expire; p_from names the states
-- that the word starts from, repeated in the statement that changes the row.
create or replace function lessee.fn_job_close(p_ids bigint[], p_from text[], p_state text, p_reason text)
returns integer
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_count integer;
  v_now timestamptz := clock_timestamp();
begin
  with gone as (
    delete from job_queue q where q.id = any (p_ids) and q.state = any (p_from) returning *
  ), freed as (
    update job_idempotency i set expires_at = v_now + coalesce(c.idempotency_retention, interval '1 day')
    from gone g left join executor_class_registry c on c.class = g.class
    where i.class = g.class and i.key = g.idempotency_key and i.job_id = g.id
  )
  insert into job_final (job_id, class, state, finished_at, enqueued_at, attempt, max_attempts, crash_count, priority, fence, reason, idempotency_key)
  select g.id, g.class, p_state, v_now, g.enqueued_at, g.attempt, g.max_attempts, g.crash_count, g.priority, g.fence, p_reason, g.idempotency_key
  from gone g;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function lessee.fn_job_close(bigint[], text[], text, text) is 'ends jobs that no host holds';
