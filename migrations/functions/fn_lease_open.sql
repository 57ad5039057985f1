-- Grants a host process its lease. The host must measure ttl_ms from before
-- this call, so that it never trusts the lease longer than the row does.
create or replace function lessee.fn_lease_open(p_host text, p_version text, out lease_id bigint, out ttl_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  ttl_ms := lessee.fn_setting('lease.ttl_ms')::bigint;
  insert into dot_iu_runtime_lease as l (host, version, expires_at)
  values (p_host, p_version, clock_timestamp() + ttl_ms * interval '1 millisecond')
  returning l.lease_id into lease_id;
  insert into queue_heartbeat (lease_id, in_flight, classes) values (fn_lease_open.lease_id, 0, '{}');
end
$$;
comment on function lessee.fn_lease_open(text, text) is 'grants a host its lease';
grant execute on function lessee.fn_lease_open(text, text) to lessee_host;
