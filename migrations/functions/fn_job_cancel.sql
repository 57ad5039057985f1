-- Word cancel: proposed, scheduled, ready, waiting, retry_wait -> cancelled at
-- once. A job that a host holds is only marked: its host is told, stops it and
-- commits the cancel, so that 'cancelled' always means that nothing runs.
-- Returns 'cancelled', 'requested', or the final state that it already has.
create or replace function lessee.fn_job_cancel(p_id bigint, p_reason text default 'cancelled by an operator')
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_lease bigint;
begin
  perform from job_queue q where q.id = p_id for update;
  perform lessee.fn_grant_await(array[p_id]);
  if lessee.fn_job_close(array[p_id], array['proposed', 'scheduled', 'ready', 'waiting', 'retry_wait'], 'cancelled', p_reason) = 1 then
    return 'cancelled';
  end if;
  update job_queue q
  set cancel_requested_at = coalesce(q.cancel_requested_at, clock_timestamp()), cancel_reason = coalesce(q.cancel_reason, p_reason)
  where q.id = p_id and q.state in ('leased', 'running')
  returning q.lease_id into v_lease;
  if not found then
    return lessee.fn_job_state(p_id);
  end if;
  if lessee.fn_setting('queue.notify.enabled') = 'true' then
    perform pg_notify('lessee_cancel', v_lease::text);
  end if;
  return 'requested';
end
$$;
comment on function lessee.fn_job_cancel(bigint, text) is 'word cancel';
grant execute on function lessee.fn_job_cancel(bigint, text) to lessee_operator;
