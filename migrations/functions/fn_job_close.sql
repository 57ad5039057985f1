-- Ends jobs that no host holds: one row leaves job_queue, one enters job_history.
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
  v_word text := case p_state when 'expired' then 'expire' when 'rejected' then 'reject' else 'cancel' end;
begin
  with gone as (
    delete from job_queue q where q.id = any (p_ids) and q.state = any (p_from) returning *
  ), freed as (
    update job_idempotency i set expires_at = v_now + coalesce(c.idempotency_retention, interval '1 day')
    from gone g left join executor_class_registry c on c.class = g.class
    where i.class = g.class and i.key = g.idempotency_key and i.job_id = g.id
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select g.class, v_word, g.state, p_state, count(*) from gone g group by g.class, g.state
  )
  insert into job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority, reason, idempotency_key)
  select g.id, g.fence, v_now, g.enqueued_at, g.class, v_word, p_state, g.attempt, g.max_attempts, g.crash_count, g.priority, p_reason, g.idempotency_key
  from gone g;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function lessee.fn_job_close(bigint[], text[], text, text) is 'ends jobs that no host holds';
