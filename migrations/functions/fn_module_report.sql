-- A host says how far it came with the admission of a module. A refusal is
-- written at once; admitted is written over pending, or over a refusal of the
-- same host or of one that is gone, so that one good host doesn't hide what
-- another one suffers from. Pending only moves the stages on.
-- A manifest that can't be held to makes a refusal of an admission. The row then
-- keeps the manifest without its schemas, and with the fault in their place, so
-- that no class runs on the module and no payload meets a schema that is none.
create or replace function lessee.fn_module_report(p_lease bigint, p_sha256 text, p_status text, p_reason text, p_stages jsonb, p_manifest jsonb)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_host text;
  v_now timestamptz := clock_timestamp();
  v_fault text := lessee.fn_manifest_fault(p_manifest);
begin
  select l.host into v_host from dot_iu_runtime_lease l where l.lease_id = p_lease and l.ended_at is null and l.expires_at > v_now;
  if v_host is null then
    return;
  end if;
  if p_status = 'pending' then
    update executor_module_registry m set stages = p_stages, status_host = v_host, status_at = v_now
    where m.sha256 = p_sha256 and m.status = 'pending';
    return;
  end if;
  if v_fault is not null then
    p_status := 'refused';
    p_reason := v_fault;
    p_manifest := p_manifest - 'schemas' || jsonb_build_object('fault', v_fault);
    p_stages := (select coalesce(jsonb_agg(case when s.value ->> 'stage' = 'manifest' then s.value || jsonb_build_object('state', 'failed', 'reason', v_fault) else s.value end order by s.ordinality), '[]')
                 from jsonb_array_elements(p_stages) with ordinality s);
  end if;
  perform from executor_module_registry m
  where m.sha256 = p_sha256
    and (m.status, m.status_reason) is distinct from (p_status, left(p_reason, 2000))
    and (p_status = 'refused' or m.status = 'pending' or m.status_host = v_host
         or not exists (select from dot_iu_runtime_lease a where a.host = m.status_host and a.ended_at is null and a.expires_at > v_now))
  for no key update; -- who points a class at the module, and has touched the registry, must not wait for us
  if found then -- a statement that changes no row would be news to the hosts all the same
    update executor_module_registry m
    set status = p_status, status_reason = left(p_reason, 2000), status_host = v_host, status_at = v_now,
        stages = p_stages, manifest = coalesce(p_manifest, m.manifest)
    where m.sha256 = p_sha256;
  elsif p_manifest is not null and exists (select from executor_module_registry m where m.sha256 = p_sha256 and m.manifest is null) then
    -- Another host suffers from something; what the module says of itself holds for all.
    update executor_module_registry m set manifest = p_manifest, status = m.status where m.sha256 = p_sha256;
  end if;
end
$$;
comment on function lessee.fn_module_report(bigint, text, text, text, jsonb, jsonb) is 'a host''s finding about a module';
grant execute on function lessee.fn_module_report(bigint, text, text, text, jsonb, jsonb) to lessee_host;
