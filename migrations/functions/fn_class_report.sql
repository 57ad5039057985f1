-- A host says whether it can run a class with a module. Broken is written at
-- once; active is written over pending, or over the same host's own broken, so
-- that one good host doesn't hide what another one suffers from, or over that
-- of a host that is gone. A report
-- about a module that the class no longer points at says nothing. While another
-- module serves, the class stays pending, until fn_class_switch. A host that is
-- ready may not know yet what the manifest of the module asks of the class: a
-- class that falls short of it is broken all the same.
create or replace function lessee.fn_class_report(p_lease bigint, p_class text, p_module_sha256 text, p_ready boolean, p_reason text)
returns void
language sql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  update lessee.executor_class_registry c
  set status = r.status, status_reason = r.reason, status_host = r.host, status_at = clock_timestamp()
  from (
    select l.host, left(coalesce(e.error, p_reason, ''), 2000) as reason,
           case when p_ready and e.error is null then 'active' else 'broken' end as status
    from lessee.dot_iu_runtime_lease l
    join lessee.executor_class_registry k on k.class = p_class
    cross join lateral (select case when p_ready then lessee.fn_manifest_error(k.module_sha256, k.grants, k.config) end as error) e
    where l.lease_id = p_lease and l.ended_at is null and l.expires_at > clock_timestamp()
  ) r
  where c.class = p_class and c.enabled
    and c.module_sha256 is not distinct from p_module_sha256
    and (r.status = 'broken' or c.status = 'pending' or c.status_host = r.host
         or not exists (select from lessee.dot_iu_runtime_lease a where a.host = c.status_host and a.ended_at is null and a.expires_at > clock_timestamp()))
    and (c.status, c.status_reason, c.status_host) is distinct from (r.status, r.reason, r.host);
$$;
comment on function lessee.fn_class_report(bigint, text, text, boolean, text) is 'a host''s finding about a class';
grant execute on function lessee.fn_class_report(bigint, text, text, boolean, text) to lessee_host;
