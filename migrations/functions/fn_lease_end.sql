-- Ends a lease: nothing is granted to it any more, and what it holds is written
-- into the rows of the jobs. Those that somebody has locked at this moment are
-- left; then the lease has only expired, and the next sweep ends it.
create or replace function lessee.fn_lease_end(p_lease bigint, p_reason text)
returns void
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now timestamptz;
begin
  perform pg_advisory_xact_lock(hashtext('lessee.fn_lease_gather'), (p_lease % 2147483647)::integer); -- waits for a claim of it that is under way
  -- A heartbeat that was may have renewed it.
  perform from dot_iu_runtime_lease l
  where l.lease_id = p_lease and l.ended_at is null and (p_reason <> 'expired' or l.expires_at <= clock_timestamp())
  for update;
  if not found then
    return;
  end if;
  v_now := clock_timestamp();
  perform lessee.fn_lease_gather(p_lease, 'infinity');
  if exists (select from job_grant g where g.lease_id = p_lease and not g.written) then
    update dot_iu_runtime_lease l set expires_at = least(l.expires_at, v_now) where l.lease_id = p_lease;
  else
    update dot_iu_runtime_lease l set ended_at = v_now, end_reason = p_reason where l.lease_id = p_lease;
  end if;
end
$$;
comment on function lessee.fn_lease_end(bigint, text) is 'ends a lease';
