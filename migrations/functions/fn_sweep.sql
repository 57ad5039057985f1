-- Housekeeping that any host may do and one does at a time: rescue, overdue,
-- expire, idempotency keys whose retention is over, and the counters. Null: another host is at it.
create or replace function lessee.fn_sweep(p_max integer, out rescued integer, out overdue integer, out expired integer)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp(); -- a variable, so that the index bounds the scan
begin
  if not pg_try_advisory_xact_lock(hashtext('lessee.fn_sweep')) then
    return;
  end if;
  rescued := lessee.fn_job_rescue(p_max);
  overdue := lessee.fn_job_overdue(p_max);
  expired := lessee.fn_job_expire(p_max);
  delete from job_idempotency i
  using (select d.class, d.key from job_idempotency d where d.expires_at <= v_now limit p_max for update skip locked) s
  where i.class = s.class and i.key = s.key and i.expires_at <= v_now;
  begin
    perform lessee.fn_count_fold();
  exception when others then -- a counter must not keep jobs from being rescued
    raise warning 'the counters could not be folded: %', sqlerrm;
  end;
end
$$;
comment on function lessee.fn_sweep(integer) is 'housekeeping: rescue, overdue, expire, old keys, counters';
grant execute on function lessee.fn_sweep(integer) to lessee_host;
