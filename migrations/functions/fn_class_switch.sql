-- Gives the jobs of re-pointed classes to their new modules, of each when no
-- live host would lose it by that: every one that can run the module that
-- serves is ready for the new one, and at least one is; and when the class is all
-- that the new one asks for by its manifest, which hosts report of it. Hosts call
-- it with their heartbeat, after their report.
create or replace function lessee.fn_class_switch()
returns void
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_class executor_class_registry;
begin
  if not exists (select from executor_class_registry where serving_sha256 is not null) then
    return;
  end if;
  -- One at a time, so that of two hosts that report at once the second sees the first.
  perform pg_advisory_xact_lock(hashtext('lessee.fn_class_switch'));
  for v_class in
    select * from executor_class_registry where serving_sha256 is not null for update skip locked -- an operator's open transaction costs no host its lease
  loop
    continue when exists (select from executor_module_registry m where m.sha256 = v_class.module_sha256 and m.status = 'pending')
               or lessee.fn_manifest_error(v_class.module_sha256, v_class.grants, v_class.config) is not null;
    perform from (
      select h.classes -> v_class.class as seen
      from dot_iu_runtime_lease l join queue_heartbeat h using (lease_id)
      where l.ended_at is null and l.expires_at > clock_timestamp()
    ) host
    having bool_or(seen -> 'next' ->> 'module' = v_class.module_sha256 and (seen -> 'next' -> 'ready')::boolean)
       and bool_and(coalesce(seen -> 'next' ->> 'module' = v_class.module_sha256 and (seen -> 'next' -> 'ready')::boolean, false)
                    or not coalesce(seen ->> 'module' = v_class.serving_sha256 and (seen -> 'ready')::boolean, false));
    if found then
      update executor_class_registry set serving_sha256 = null where class = v_class.class;
    end if;
  end loop;
end
$$;
comment on function lessee.fn_class_switch() is 'gives jobs to new modules that every host is ready for';
